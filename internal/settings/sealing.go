package settings

import "errors"

// Sealing says by which keyset payloads and results are sealed in the database.
// docs/sealing.md tells more.
type Sealing struct {
	KeysetFile string `env:"BAROGRAPH_KEYSET_FILE" type:"path" placeholder:"FILE" help:"The keyset that payloads and results are sealed with in the database, as barograph keyset new makes it. Without one, it is made in the data directory. It is read anew when it changes."`
	Keyset     string `env:"BAROGRAPH_KEYSET" placeholder:"JSON" secret:"" help:"The keyset itself, in place of a file."`
	KeysetKey  string `env:"BAROGRAPH_KEYSET_KEY" placeholder:"BASE64" secret:"" help:"32 bytes in base64 that the keyset is wrapped with. Without them, it is kept in the clear."`
}

// validate returns why the settings cannot be in force.
func (s *Sealing) validate() error {
	if s.Keyset != "" && s.KeysetFile != "" {
		return errors.New("--keyset and --keyset-file are both given: keep one")
	}
	return nil
}
