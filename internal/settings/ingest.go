package settings

import "errors"

// Ingest says whether payloads come in as messages over plain HTTP, too.
// docs/ingest.md tells more.
type Ingest struct {
	Ingest        bool `default:"true" negatable:"" env:"BAROGRAPH_INGEST" help:"Take payloads in as messages, too: lines of JSON and CloudEvents, sent to /ingest/PIPELINE."`
	IngestStreams int  `default:"64" env:"BAROGRAPH_INGEST_STREAMS" placeholder:"N" help:"Streams of messages that may be open at a time."`
}

// validate returns why the settings cannot be in force.
func (s *Ingest) validate() error {
	if s.IngestStreams < 1 {
		return errors.New("--ingest-streams must be at least 1")
	}
	return nil
}
