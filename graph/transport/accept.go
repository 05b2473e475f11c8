package transport

import "strings"

const (
	mediaTypeJSON    = "application/json"
	mediaTypeGraphQL = "application/graphql-response+json"
)

// ofAnswers are the parameters of both.
var ofAnswers = map[string]string{"charset": "utf-8"}

// negotiate picks the media type of the answer that the Accept headers weigh
// most, the first named among equals, and returns false if they exclude both.
// Whoever accepts everything gets JSON, as clients from before the newer type
// expect.
func negotiate(accept []string) (mediaType string, ok bool) {
	if strings.TrimSpace(strings.Join(accept, "")) == "" {
		return mediaTypeJSON, true
	}
	all := ranges(accept)
	plain, plainPlace := weigh(all, mediaTypeJSON, ofAnswers)
	newer, newerPlace := weigh(all, mediaTypeGraphQL, ofAnswers)
	if newer > plain || newer == plain && newerPlace < plainPlace {
		return mediaTypeGraphQL, newer > 0
	}
	return mediaTypeJSON, plain > 0
}
