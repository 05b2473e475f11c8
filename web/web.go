// Package web holds the pages that the gateway serves to people, and its schema:
// content that is known when the program is built. It is kept compressed, and
// every answer has an ETag, so that a browser that has been here before is
// answered with 304. Where it is served is for others to say.
package web

import (
	"embed"
	"io/fs"
	"net/http"
	"strings"
)

// built is what web/playground builds, each file compressed.
//
//go:embed playground/dist
var built embed.FS

const playgroundDir = "playground/dist"

// policy lets the playground load what is served beside it and nothing else.
// Its connections to 'self' include those of WebSockets. The editor styles its
// elements inline, and carries its icons and fonts in its style sheets.
const policy = "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; " +
	"style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// permissions are what a page might ask of its visitor and this one never does.
const permissions = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"

// Playground returns a handler of the playground: the page is at /, and what the
// page loads is under /playground/. It asks the endpoint /graphql beside it.
func Playground() http.Handler {
	mux := http.NewServeMux()
	err := fs.WalkDir(built, playgroundDir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		packed, err := fs.ReadFile(built, path)
		if err != nil {
			return err
		}
		name := strings.TrimSuffix(strings.TrimPrefix(path, playgroundDir+"/"), ".gz")
		route := "GET /" + name
		if name == "index.html" {
			route = "GET /{$}"
		}
		mux.Handle(route, withPolicy(newFile(contentType(name), packed)))
		return nil
	})
	if err != nil {
		panic(err) // files in memory are there
	}
	return mux
}

// Schema returns a handler of a schema in the schema definition language. It is
// plain text, so that a browser shows it.
func Schema(sdl string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /", newFile("text/plain; charset=utf-8", pack(sdl)))
	return mux
}

// withPolicy is for what a browser makes a page of. Workers are under the policy
// of their own script, and so it is on every file.
func withPolicy(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
		w.Header().Set("Permissions-Policy", permissions)
		next.ServeHTTP(w, r)
	})
}
