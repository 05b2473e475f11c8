package pipeline

// Kinds returns the kinds of steps there are, in the order in which people are
// told of them. Another one is another file and another line here.
func Kinds(forecaster Forecaster, hosts Hosts) []Kind {
	return []Kind{
		Filter(),
		Transform(),
		Enrich(forecaster),
		HTTP(hosts),
	}
}
