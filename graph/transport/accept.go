package transport

import (
	"cmp"
	"iter"
	"mime"
	"slices"
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
	if strings.TrimSpace(strings.Join(accept, "")) == "" {
		return mediaTypeJSON, true
	}
	offers := []offer{{mediaType: mediaTypeJSON}, {mediaType: mediaTypeGraphQL}}
	place := 0
	for p := range preferences(accept) {
		place++
		if charset := p.params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
			continue // another than the answer's
		}
		for i := range offers {
			offers[i].consider(p, place)
		}
	}
	best := slices.MinFunc(offers, func(a, b offer) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.place, b.place))
	})
	return best.mediaType, best.weight > 0
}

// An offer is a media type, and what is made of it by the preference that names
// it most closely.
type offer struct {
	mediaType string
	closeness int // 0 is not at all
	weight    float64
	place     int
}

func (o *offer) consider(p preference, place int) {
	closeness := 0
	switch p.name {
	case o.mediaType:
		closeness = 3
	case "application/*":
		closeness = 2
	case "*/*":
		closeness = 1
	}
	if closeness > o.closeness {
		o.closeness, o.weight, o.place = closeness, p.weight, place
	}
}

// A preference is an element of an Accept header, or of one like it.
type preference struct {
	name   string // in lower case
	params map[string]string
	weight float64 // from 0 to 1
}

// preferences yields the elements of headers that make sense.
func preferences(headers []string) iter.Seq[preference] {
	return func(yield func(preference) bool) {
		for part := range strings.SplitSeq(strings.Join(headers, ","), ",") {
			name, params, err := mime.ParseMediaType(part)
			if err != nil {
				continue
			}
			weight := 1.0
			if q, given := params["q"]; given {
				if weight, err = strconv.ParseFloat(q, 64); err != nil || !(weight >= 0 && weight <= 1) {
					continue
				}
			}
			if !yield(preference{name, params, weight}) {
				return
			}
		}
	}
}
