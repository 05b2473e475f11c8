package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"

	"barograph/internal/seal"
	"barograph/internal/settings"
	"barograph/records"
)

// keysetName is that of the keyset that is made in the data directory.
const keysetName = "keyset.json"

// keysetSource returns where the keyset is, and whether the operator said so.
func keysetSource(s settings.Settings) (source seal.Source, given bool) {
	source = seal.Source{Text: s.Keyset, File: s.KeysetFile, Key: s.KeysetKey}
	if source.Text == "" && source.File == "" {
		source.File = filepath.Join(s.DataDir, keysetName)
		return source, false
	}
	return source, true
}

// openVault opens the database's records with the keyset, which is made in the
// data directory where none is given and the database has nothing sealed.
func openVault(ctx context.Context, s settings.Settings, base *database, logger *slog.Logger) (*records.Vault, error) {
	source, given := keysetSource(s)
	vault, err := records.OpenVault(ctx, base.pools, logger, func(sealed bool) (*seal.Ring, error) {
		ring, err := seal.NewRing(source, logger)
		switch {
		case !errors.Is(err, fs.ErrNotExist):
			return ring, err
		case given:
			return nil, fmt.Errorf("%w: barograph keyset new makes one, for a database that has nothing sealed yet", err)
		case sealed:
			return nil, fmt.Errorf("the records in the database are sealed, and there is no keyset to open them: bring back %s, "+
				"or give the keyset that other gateways of the database use, by --keyset-file or BAROGRAPH_KEYSET", source.File)
		}
		if err := makeKeyset(source); err != nil {
			return nil, err
		}
		if base.server == nil {
			logger.WarnContext(ctx, "made a keyset, without which nobody can read the records in the database: "+
				"keep a copy, and give it to every other gateway of the database by --keyset-file or BAROGRAPH_KEYSET", "file", source.File)
		} else {
			logger.InfoContext(ctx, "made a keyset, without which nobody can read the records in the database: keep a copy apart from it", "file", source.File)
		}
		return seal.NewRing(source, logger)
	})
	if err != nil {
		return nil, fmt.Errorf("keyset of %s: %w", source, err)
	}
	for _, fault := range source.Faults() {
		logger.WarnContext(ctx, fault, "keyset", source.String())
	}
	return vault, nil
}

// makeKeyset makes a keyset where there is none. Gateways of several databases
// may do so in one directory: the first one makes it for all.
func makeKeyset(source seal.Source) error {
	keys, err := seal.Generate()
	if err != nil {
		return err
	}
	if err := source.Create(keys); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: give one by --keyset-file or BAROGRAPH_KEYSET", err)
	}
	return nil
}

// census counts what is sealed by which key, for a command.
func (e environment) census() (c records.Census, err error) {
	err = e.withDatabase(func(d *database) error {
		c, err = records.TakeCensus(e.ctx, d.pools)
		return err
	})
	return c, err
}
