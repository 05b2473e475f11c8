package settings

// Weather says where the weather comes from. docs/providers.md tells of each
// provider.
type Weather struct {
	Providers          []string `name:"weather" default:"auto" enum:"auto,open-meteo,met-norway,per-city,simulator" env:"BAROGRAPH_WEATHER" placeholder:"NAME,…" help:"Where the weather comes from: open-meteo, met-norway, per-city, simulator, or several with commas, each of which is asked where those before it fail; or auto, which is open-meteo if that answers when the server starts, or if a database is given."`
	OpenMeteoURL       string   `name:"open-meteo-url" default:"${open_meteo}" env:"BAROGRAPH_OPEN_METEO_URL" placeholder:"URL" help:"Base of Open-Meteo's /v1/forecast."`
	OpenMeteoAirURL    string   `name:"open-meteo-air-url" default:"${open_meteo_air}" env:"BAROGRAPH_OPEN_METEO_AIR_URL" placeholder:"URL" help:"Base of Open-Meteo's /v1/air-quality, or none."`
	OpenMeteoAPIKey    string   `name:"open-meteo-api-key" env:"BAROGRAPH_OPEN_METEO_API_KEY" placeholder:"KEY" secret:"" help:"A customer's key for Open-Meteo. With it, the default URLs are those for customers, and the free quota is not metered."`
	METNorwayURL       string   `name:"met-norway-url" default:"${met_norway}" env:"BAROGRAPH_MET_NORWAY_URL" placeholder:"URL" help:"Base of MET Norway's /locationforecast/2.0."`
	METNorwayUserAgent string   `name:"met-norway-user-agent" env:"BAROGRAPH_MET_NORWAY_USER_AGENT" placeholder:"TEXT" help:"Who asks MET Norway and how to reach them, as its terms want: example.org weather@example.org."`
	PerCityURL         string   `name:"per-city-url" env:"BAROGRAPH_PER_CITY_URL" placeholder:"URL" secret:"" help:"Where a service answers for one city a call, with {city} or {latitude} and {longitude} in its path or query."`
	PerCityMapping     string   `name:"per-city-mapping" env:"BAROGRAPH_PER_CITY_MAPPING" placeholder:"FILE" help:"What is where in its answers: a YAML file, or the text itself in braces."`
}
