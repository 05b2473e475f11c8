package main

import (
	"log/slog"
	"net/http"

	"barograph/auth/door"
	"barograph/ingest"
	"barograph/internal/origin"
	"barograph/internal/settings"
	"barograph/pipeline"
)

// newIngest returns what takes payloads in as messages, nil where that is off.
func newIngest(s settings.Settings, in *door.Door, intake ingest.Intake, pipelines *pipeline.Store, allowed *allowances, logger *slog.Logger) http.Handler {
	if !s.Ingest.Ingest {
		return nil
	}
	return in.Handler(ingest.New(ingest.Config{
		Intake: intake, Pipelines: pipelines, Pages: origin.Pages{Listed: s.CORSOrigins}, Streams: s.IngestStreams, Charge: allowed.charge, Most: allowed.most, Logger: logger,
	}), ingest.Refuse, nil)
}
