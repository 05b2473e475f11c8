package intake

import "barograph/gazetteer"

// CityOf returns what finds the id of the city that a payload names.
func CityOf(cities *gazetteer.Gazetteer) func(name string) *int64 {
	return func(name string) *int64 {
		city, ok := cities.Find(name)
		if !ok {
			return nil
		}
		return new(int64(city.ID))
	}
}
