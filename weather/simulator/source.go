package simulator

import "barograph/weather"

// Source is what reports that come from a simulator are credited to.
var Source = weather.Source{
	Provider:    "simulator",
	Attribution: "Simulated by Barograph from the climate of MPI-ESM-LR (CMIP5)",
	Simulated:   true,
}
