package transport_test

import (
	"net/http"
	"testing"
)

func TestAcceptChoosesTheMediaType(t *testing.T) {
	t.Parallel()
	const older, newer = "application/json; charset=utf-8", "application/graphql-response+json; charset=utf-8"
	for accept, want := range map[string]string{
		"":                                  older,
		"*/*":                               older,
		"application/*":                     older,
		"application/json":                  older,
		"application/graphql-response+json": newer,
		"application/graphql-response+json, application/json;q=0.9": newer,
		"application/graphql-response+json;q=0.1, */*":              older,
		"application/json;q=0, application/graphql-response+json":   newer,
		"application/json;q=0.5,application/graphql-response+json":  newer,
		"text/html, */*;q=0.1":                                      older,
		"Application/JSON; charset=utf-8":                           older,
		"nonsense;;;, application/json":                             older,
		"text/html":                                                 "",
		"application/json;q=0":                                      "",
		"application/json;q=2":                                      "",
		"application/json;q=NaN":                                    "",
		"   ":                                                       older,
		"*/*;q=0.5, application/json;q=0":                           newer,
		"application/*;q=0, */*":                                    "",
		"application/json;q=0.2, application/*;q=0.9":               newer,
		"application/json, application/graphql-response+json":       older,
		"application/json; charset=iso-8859-1":                      "",
		"application/json; charset=latin1, application/graphql-response+json; charset=UTF-8": newer,
		"multipart/mixed;deferSpec=20220824, application/json":                               older,
		"text/event-stream": "",
	} {
		t.Run(accept, func(t *testing.T) {
			t.Parallel()
			res := send(t, http.MethodPost, "/", `{"query":"{ __typename }"}`, header{"Accept": accept})
			switch {
			case want == "" && res.status != http.StatusNotAcceptable:
				t.Errorf("status = %d, want 406", res.status)
			case want != "" && (res.status != http.StatusOK || res.header.Get("Content-Type") != want):
				t.Errorf("status = %d, Content-Type = %s; want 200, %s", res.status, res.header.Get("Content-Type"), want)
			}
		})
	}
}
