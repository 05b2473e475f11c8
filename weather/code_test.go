package weather_test

import (
	"slices"
	"testing"

	"barograph/weather"
)

// inUse are the codes that Open-Meteo uses.
var inUse = []weather.Code{0, 1, 2, 3, 45, 48, 51, 53, 55, 56, 57, 61, 63, 65, 66, 67, 71, 73, 75, 77, 80, 81, 82, 85, 86, 95, 96, 99}

func TestEveryCodeInUseHasAConditionAndItsOwnDescription(t *testing.T) {
	t.Parallel()
	described := map[string]weather.Code{}
	for code := weather.Code(-128); ; code++ {
		condition, grouped := code.Condition()
		description, known := code.Description()
		want := slices.Contains(inUse, code)
		if grouped != want || known != want || (condition != "") != want || (description != "") != want {
			t.Errorf("code %d: %q, %q", code, condition, description)
		}
		if other, taken := described[description]; known && taken {
			t.Errorf("codes %d and %d are both %q", other, code, description)
		}
		described[description] = code
		if code == 127 {
			break
		}
	}
}

func TestCodesAreGroupedAsTheTableHasThem(t *testing.T) {
	t.Parallel()
	for condition, codes := range map[weather.Condition][]weather.Code{
		weather.Clear: {0}, weather.PartlyCloudy: {1, 2}, weather.Overcast: {3}, weather.Fog: {45, 48},
		weather.Drizzle: {51, 53, 55}, weather.FreezingDrizzle: {56, 57},
		weather.Rain: {61, 63, 65}, weather.FreezingRain: {66, 67}, weather.RainShowers: {80, 81, 82},
		weather.Snow: {71, 73, 75}, weather.SnowGrains: {77}, weather.SnowShowers: {85, 86},
		weather.Thunderstorm: {95}, weather.ThunderstormWithHail: {96, 99},
	} {
		for _, code := range codes {
			if got, _ := code.Condition(); got != condition {
				t.Errorf("code %d is %s, want %s", code, got, condition)
			}
		}
	}
}

func TestConditionsAndDaysTellTheirCode(t *testing.T) {
	t.Parallel()
	type coded interface {
		WeatherCode() (int, bool)
		Condition() (weather.Condition, bool)
		Description() (string, bool)
	}
	for _, with := range []func(weather.Code) coded{
		func(c weather.Code) coded { return weather.Conditions{Code: c} },
		func(c weather.Code) coded { return weather.Hour{Conditions: weather.Conditions{Code: c}} },
		func(c weather.Code) coded { return weather.Day{Code: c} },
	} {
		rain, none := with(63), with(weather.NoCode)
		number, numbered := rain.WeatherCode()
		condition, grouped := rain.Condition()
		description, described := rain.Description()
		if number != 63 || condition != weather.Rain || description != "Moderate rain" || !numbered || !grouped || !described {
			t.Errorf("%T of code 63: %d, %s, %q", rain, number, condition, description)
		}
		_, numbered = none.WeatherCode()
		_, grouped = none.Condition()
		if _, described = none.Description(); numbered || grouped || described {
			t.Errorf("%T without a code has one", none)
		}
	}
}

func TestDaylightIsKnownOrNot(t *testing.T) {
	t.Parallel()
	for daylight, want := range map[weather.Daylight][2]bool{
		weather.Daytime: {true, true}, weather.Night: {false, true}, weather.DaylightUnknown: {false, false},
	} {
		if day, ok := (weather.Conditions{Daylight: daylight}).IsDay(); [2]bool{day, ok} != want {
			t.Errorf("daylight %d: %t, %t; want %v", daylight, day, ok, want)
		}
	}
}
