// Package admin serves what is for operators alone, on a listener of its own:
// metrics, profiles and what the program was built from. What is measured, and
// where operators may come from, is for others to say.
package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"runtime/debug"
	"time"

	"barograph/internal/loopback"
)

const (
	headerTimeout = 5 * time.Second
	writeTimeout  = 2 * time.Minute // of an answer: a profile takes as long as it is asked to
	stopTimeout   = time.Second     // for answers under way to finish
)

// Serve serves metrics and the rest on the listener until ctx is done. It
// closes the listener.
func Serve(ctx context.Context, listener net.Listener, metrics http.Handler, logger *slog.Logger) error {
	handler := routes(metrics)
	if loopback.Address(listener.Addr()) {
		handler = localOnly(handler)
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		WriteTimeout:      writeTimeout,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve operators: %w", err)
	case <-ctx.Done():
	}
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := server.Shutdown(deadline); err != nil {
		_ = server.Close() // who still takes a profile has had the time to
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve operators: %w", err)
	}
	return nil
}

// routes leaves out pprof's cmdline: flags may hold secrets.
func routes(metrics http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", http.NotFound)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /buildinfo", buildInfo)
	return mux
}

// localOnly answers only those who ask for this machine by its own name. What
// a web page asks for, by a name of its own that it has made to lead here, is
// not for it.
func localOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !loopback.Host(r.Host) {
			http.Error(w, "ask for localhost", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// A build is what the program was built from.
type build struct {
	Version  string            `json:"version"`
	Go       string            `json:"go"`
	Settings map[string]string `json:"settings"`
	Modules  map[string]string `json:"modules"`
}

func buildInfo(w http.ResponseWriter, _ *http.Request) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		http.Error(w, "the program was built without it", http.StatusNotFound)
		return
	}
	b := build{Version: info.Main.Version, Go: info.GoVersion, Settings: map[string]string{}, Modules: map[string]string{}}
	for _, s := range info.Settings {
		b.Settings[s.Key] = s.Value
	}
	for _, m := range info.Deps {
		b.Modules[m.Path] = m.Version
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(b) // the client may be gone
}
