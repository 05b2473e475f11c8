package transport

import (
	"mime"
	"strconv"
	"strings"
)

const (
	mediaTypeJSON    = "application/json"
	mediaTypeGraphQL = "application/graphql-response+json"
)

// negotiate picks the media type of the answer that the Accept headers weigh
// most, the first named among equals, and returns false if they exclude both.
// Whoever accepts everything gets JSON, as clients from before the newer type
// expect.
func negotiate(accept []string) (mediaType string, ok bool) {
	if len(accept) == 0 {
		return mediaTypeJSON, true
	}
	weights := map[string]float64{}
	best := 0.0
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		name, params, err := mime.ParseMediaType(strings.TrimSpace(part))
		if err != nil {
			continue
		}
		weight := 1.0
		if q, given := params["q"]; given {
			if weight, err = strconv.ParseFloat(q, 64); err != nil || !(weight >= 0 && weight <= 1) {
				continue
			}
		}
		if name == "*/*" || name == "application/*" {
			if _, named := weights[mediaTypeJSON]; named {
				continue
			}
			name = mediaTypeJSON
		}
		if name != mediaTypeJSON && name != mediaTypeGraphQL {
			continue
		}
		weights[name] = weight
		if weight > best {
			best, mediaType = weight, name
		}
	}
	return mediaType, best > 0
}
