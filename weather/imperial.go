package weather

// The international foot-pound definitions: 1 inch is 25.4 mm, 1 mile is
// 1.609344 km. 1 inHg is 33.86389 hPa (NIST SP 811, conventional inch of mercury).
const (
	millimetresPerInch = 25.4
	kilometresPerMile  = 1.609344
	hectopascalsPerHg  = 33.86389
)

func fahrenheit(m Measure) Measure { return m*9/5 + 32 }
func inches(m Measure) Measure     { return m / millimetresPerInch }
func miles(m Measure) Measure      { return m / kilometresPerMile }
func mercury(m Measure) Measure    { return m / hectopascalsPerHg }

// Imperial returns c in °F, inch, inHg and mph.
func (c Conditions) Imperial() Conditions {
	c.Temperature = fahrenheit(c.Temperature)
	c.ApparentTemperature = fahrenheit(c.ApparentTemperature)
	c.Precipitation = inches(c.Precipitation)
	c.Pressure = mercury(c.Pressure)
	c.WindSpeed = miles(c.WindSpeed)
	c.WindGusts = miles(c.WindGusts)
	return c
}

// Imperial returns h in °F, inch, inHg and mph.
func (h Hour) Imperial() Hour {
	h.Conditions = h.Conditions.Imperial()
	return h
}

// Imperial returns d in °F, inch and mph.
func (d Day) Imperial() Day {
	d.TemperatureMin = fahrenheit(d.TemperatureMin)
	d.TemperatureMax = fahrenheit(d.TemperatureMax)
	d.PrecipitationSum = inches(d.PrecipitationSum)
	d.WindSpeedMax = miles(d.WindSpeedMax)
	return d
}
