package percity

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"barograph/weather"
)

// The placeholders.
const (
	city      = "{city}"
	latitude  = "{latitude}"
	longitude = "{longitude}"
)

// A template is a URL with placeholders in its path and its query. Its scheme
// and host are fixed, so that no name of a city leads anywhere else.
type template struct {
	base  string // up to the path
	path  string
	query string
}

func parseTemplate(text string) (*template, error) {
	const name = "per-city url"
	// Braces are no part of a URL: they are looked at piece by piece.
	address, query, _ := strings.Cut(text, "?")
	scheme, rest, _ := strings.Cut(address, "://")
	host, path, _ := strings.Cut(rest, "/")
	t := &template{base: scheme + "://" + host, path: "/" + path, query: query}
	u, err := url.Parse(t.base)
	switch {
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || strings.Contains(text, "#"):
		return nil, errors.New(name + ": want http or https, a host and no fragment") // and no password in the log
	case strings.ContainsAny(t.base, "{}"):
		return nil, errors.New(name + ": a placeholder may not choose the host")
	}
	filled := t.replace(func(string) string { return "" })
	if strings.ContainsAny(filled, "{}") {
		return nil, fmt.Errorf("%s: the placeholders are %s, %s and %s", name, city, latitude, longitude)
	}
	if !t.has(city) && (!t.has(latitude) || !t.has(longitude)) {
		return nil, fmt.Errorf("%s: want %s, or %s and %s", name, city, latitude, longitude)
	}
	if _, err := url.Parse(filled); err != nil {
		return nil, errors.New(name + ": it is malformed")
	}
	return t, nil
}

func (t *template) has(placeholder string) bool {
	return strings.Contains(t.path, placeholder) || strings.Contains(t.query, placeholder)
}

func (t *template) host() string {
	u, err := url.Parse(t.base)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// secrets are the values in the query, which a key is often one of.
func (t *template) secrets() (secrets []string) {
	values, err := url.ParseQuery(t.query)
	if err != nil {
		return nil
	}
	for _, list := range values {
		for _, v := range list {
			const shortestKey = 8
			if !strings.ContainsAny(v, "{}") && len(v) >= shortestKey {
				secrets = append(secrets, v)
			}
		}
	}
	slices.Sort(secrets)
	return secrets
}

// replace returns the URL with each placeholder replaced.
func (t *template) replace(with func(placeholder string) string) string {
	fill := strings.NewReplacer(city, with(city), latitude, with(latitude), longitude, with(longitude))
	if t.query == "" {
		return t.base + fill.Replace(t.path)
	}
	return t.base + fill.Replace(t.path) + "?" + fill.Replace(t.query)
}

// fill returns the URL for a place.
func (t *template) fill(name string, place weather.Place) (string, error) {
	values := map[string]string{
		city:      escape(name),
		latitude:  strconv.FormatFloat(place.Latitude, 'f', -1, 64),
		longitude: strconv.FormatFloat(place.Longitude, 'f', -1, 64),
	}
	if strings.Trim(name, ".") == "" && t.has(city) {
		return "", errors.New("a name of dots would be a way up the path")
	}
	return t.replace(func(placeholder string) string { return values[placeholder] }), nil
}

// escape writes a name so that a path and a query both take it for one.
func escape(name string) string {
	return strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
}
