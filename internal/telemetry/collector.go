package telemetry

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"go.opentelemetry.io/contrib/exporters/autoexport"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc/credentials"
)

// newSpanExporter returns what the variables ask for. Only for a collector that is
// spoken to by TLS, which would be 1.2 as well, it is made here.
func newSpanExporter(ctx context.Context) (trace.SpanExporter, error) {
	config, protocol, err := toCollector("TRACES")
	switch {
	case err != nil:
		return nil, err
	case config == nil:
		return autoexport.NewSpanExporter(ctx)
	case protocol == "grpc":
		return otlptracegrpc.New(ctx, otlptracegrpc.WithTLSCredentials(credentials.NewTLS(config)))
	}
	return otlptracehttp.New(ctx, otlptracehttp.WithTLSClientConfig(config))
}

// newMetricReader is newSpanExporter for metrics.
func newMetricReader(ctx context.Context) (metric.Reader, error) {
	config, protocol, err := toCollector("METRICS")
	if err != nil {
		return nil, err
	}
	if config == nil {
		return autoexport.NewMetricReader(ctx)
	}
	var exporter metric.Exporter
	if protocol == "grpc" {
		exporter, err = otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithTLSCredentials(credentials.NewTLS(config)))
	} else {
		exporter, err = otlpmetrichttp.New(ctx, otlpmetrichttp.WithTLSClientConfig(config))
	}
	if err != nil {
		return nil, err
	}
	return metric.NewPeriodicReader(exporter), nil
}

// toCollector returns how TLS is spoken to the collector of a signal, and by what
// protocol above it; nil where there is no collector, it is spoken to in plain
// text, or by a protocol that is for autoexport to refuse.
func toCollector(signal string) (config *tls.Config, protocol string, err error) {
	if name := os.Getenv("OTEL_" + signal + "_EXPORTER"); name != "" && name != "otlp" {
		return nil, "", nil
	}
	protocol = cmp.Or(collectorVariable(signal, "PROTOCOL"), "http/protobuf")
	if protocol != "grpc" && protocol != "http/protobuf" {
		return nil, "", nil
	}
	endpoint := collectorVariable(signal, "ENDPOINT")
	for _, plain := range []string{"http:", "unix:"} {
		if strings.HasPrefix(endpoint, plain) {
			return nil, "", nil
		}
	}
	if strings.EqualFold(collectorVariable(signal, "INSECURE"), "true") && !strings.HasPrefix(endpoint, "https:") {
		return nil, "", nil
	}
	config = &tls.Config{MinVersion: tls.VersionTLS13}
	if file := collectorVariable(signal, "CERTIFICATE"); file != "" {
		text, err := os.ReadFile(file) //nolint:gosec // the operator named it
		if err != nil {
			return nil, "", fmt.Errorf("certificate of the collector's authority: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, "", errors.New("certificate of the collector's authority: there is none in the file")
		}
	}
	certificate, key := collectorVariable(signal, "CLIENT_CERTIFICATE"), collectorVariable(signal, "CLIENT_KEY")
	if certificate != "" || key != "" {
		pair, err := tls.LoadX509KeyPair(certificate, key)
		if err != nil {
			return nil, "", fmt.Errorf("certificate to show to the collector: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, protocol, nil
}

// collectorVariable returns what a variable says of the collector of a signal,
// or of all.
func collectorVariable(signal, name string) string {
	return cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_"+signal+"_"+name), os.Getenv("OTEL_EXPORTER_OTLP_"+name))
}
