package settings

import "errors"

// Workers say how payloads are processed that were submitted for later.
type Workers struct {
	Workers      int `default:"2" env:"BAROGRAPH_WORKERS" placeholder:"N" help:"Claims of submitted payloads that this gateway works on at a time: so many for pipelines whose steps stay in the process, and as many for those whose steps leave it. 0 leaves them to other gateways."`
	BacklogLimit int `default:"1000000" env:"BAROGRAPH_BACKLOG_LIMIT" placeholder:"N" help:"Unfinished records, in all pipelines, beyond which submitted payloads are refused as OVERLOADED."`
}

// validate returns why the settings cannot be in force.
func (s *Workers) validate() error {
	switch {
	case s.Workers < 0 || s.Workers > 64:
		return errors.New("--workers must be from 0 to 64")
	case s.BacklogLimit < 1:
		return errors.New("--backlog-limit must be at least 1")
	}
	return nil
}
