package tlsconfig

import (
	"context"
	"crypto/tls"
	"os"
	"time"
)

// Run looks at the files again and again until ctx is done, and at once where
// hurry asks for it.
func (s *Server) Run(ctx context.Context, every time.Duration, hurry <-chan os.Signal) error {
	timer := time.NewTicker(every)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
			s.look(false)
		case <-hurry:
			s.look(true)
		}
	}
}

// Look takes over what the files say, if they have changed and make sense. Where
// they do not, it keeps what there is, and says why, once.
func (s *Server) Look() { s.look(true) }

// look is Look; where there is no hurry, files that make no sense are looked at
// a second time before that is said. Certificate and key are two files, and the
// look may have fallen between the writing of the one and of the other.
func (s *Server) look(hurry bool) {
	if s.files == (Files{}) {
		return
	}
	s.mu.Lock() // over I/O, for nobody but another look waits for it
	defer s.mu.Unlock()
	defer func() { s.failing.Store(s.failure != "") }()
	found := s.files.read()
	sum := found.digest()
	if sum == s.inForce {
		s.failure, s.suspect = "", digest{}
		return
	}
	config, err := s.next(found)
	if err != nil {
		again := sum == s.suspect
		s.suspect = sum
		if text := err.Error(); (again || hurry) && text != s.failure {
			s.failure = text
			s.logger.Error("the certificate cannot be read anew: this gateway goes on with the one it has, and could not start again", "err", err)
		}
		return
	}
	s.inForce, s.suspect, s.failure = sum, digest{}, ""
	s.config.Store(config)
	s.logger.Info("has read the certificate anew", "fingerprint", s.Fingerprint(), "until", s.Certificate().NotAfter)
}

// next returns the configuration that the contents make, unless its certificate
// is not valid and the one in force is.
func (s *Server) next(found content) (*tls.Config, error) {
	config, err := found.config(s.files.Required, s.now)
	if err != nil {
		return nil, err
	}
	now := s.now()
	if untimely := timely(config, now); untimely != nil && timely(s.Config(), now) == nil {
		return nil, untimely
	}
	return config, nil
}
