package telemetry_test

import (
	"bytes"
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"go.opentelemetry.io/otel"

	"barograph/internal/telemetry"
	"barograph/internal/tlsconfig/tlstest"
)

// A collector may be reached over networks as well.
func TestACollectorIsSpokenToByTLS13Alone(t *testing.T) { //nolint:paralleltest // the SDK is the whole process's
	authority, clients := tlstest.NewAuthority(t, "authority"), tlstest.NewAuthority(t, "clients")
	t.Setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", tlstest.Put(t, t.TempDir(), "ca.crt", authority.PEM))
	certificate, key := clients.Issue(t).Write(t, t.TempDir())
	t.Setenv("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", certificate)
	t.Setenv("OTEL_EXPORTER_OTLP_CLIENT_KEY", key)
	t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1000")
	t.Setenv("OTEL_METRICS_EXPORTER", "otlp")
	for protocol, kind := range map[string]string{"http/protobuf": "application/x-protobuf", "grpc": "application/grpc"} {
		t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
		for most, want := range map[uint16]bool{tls.VersionTLS12: false, tls.VersionTLS13: true} {
			var traces, metrics atomic.Int32
			collector := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/v1/traces", "/opentelemetry.proto.collector.trace.v1.TraceService/Export":
					traces.Add(1)
				case "/v1/metrics", "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export":
					metrics.Add(1)
				}
				w.Header().Set("Content-Type", kind)
				w.Header().Set("Grpc-Status", "0")
			}))
			collector.EnableHTTP2 = true
			collector.TLS = &tls.Config{
				Certificates: []tls.Certificate{authority.Issue(t).TLS(t)}, MaxVersion: most,
				ClientCAs: clients.Pool(), ClientAuth: tls.RequireAndVerifyClientCert,
			}
			collector.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
			collector.StartTLS()
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
			var log bytes.Buffer
			started, err := telemetry.Start(t.Context(), slog.New(slog.NewTextHandler(&log, nil)))
			if err != nil {
				t.Fatal(err)
			}
			_, span := otel.Tracer("test").Start(t.Context(), "span")
			span.End()
			started.Shutdown(t.Context())
			if (traces.Load() > 0) != want || (metrics.Load() > 0) != want {
				t.Errorf("%s to a collector of %s at most: %d of traces and %d of metrics, want some %t: %s", protocol, tls.VersionName(most), traces.Load(), metrics.Load(), want, &log)
			}
			collector.Close()
		}
	}
	t.Setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", "nowhere")
	if _, err := telemetry.Start(t.Context(), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a certificate that is not there is not missed")
	}
}
