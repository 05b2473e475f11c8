package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"barograph/internal/seal"
)

type keysetCommand struct {
	New    keysetNew    `cmd:"" help:"Make a keyset, in the file that --keyset-file names, or print it."`
	Show   keysetShow   `cmd:"" help:"List the keys, without what is secret of them."`
	Rotate keysetRotate `cmd:"" help:"Make another key the one that seals. Running gateways take it up, and seal all records anew."`
	Prune  keysetPrune  `cmd:"" help:"Delete the keys that no record is sealed by any more."`
}

type keysetNew struct{}

// Run makes a keyset.
func (keysetNew) Run(e environment) error {
	source, given := keysetSource(*e.settings)
	keys, err := seal.Generate()
	if err != nil {
		return err
	}
	if given {
		if err := source.Create(keys); err != nil {
			return err
		}
		_, err = fmt.Fprintf(e.out, "made %s with key %s\n", source, keys.Primary())
		return err
	}
	text, err := source.Write(keys)
	if err != nil {
		return err
	}
	_, err = e.out.Write(text)
	return err
}

type keysetShow struct {
	Records bool `help:"Count the records that each key has sealed."`
}

// Run lists the keys.
func (c keysetShow) Run(e environment) error {
	source, _ := keysetSource(*e.settings)
	keys, err := source.Load()
	if err != nil {
		return err
	}
	counts := map[seal.KeyID]int64{}
	if c.Records {
		taken, err := e.census()
		if err != nil {
			return err
		}
		counts = taken.Records
	}
	table := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
	line := func(id seal.KeyID, use string) {
		count := ""
		if c.Records {
			count = fmt.Sprintf("\t%d records", counts[id])
		}
		_, _ = fmt.Fprintf(table, "%s\t%s%s\n", id, use, count)
		delete(counts, id)
	}
	for _, id := range keys.Keys() {
		switch {
		case id == keys.Primary():
			line(id, "seals")
		case keys.Follows(id, keys.Primary()):
			line(id, "prepared")
		default:
			line(id, "opens")
		}
	}
	for _, id := range slices.Sorted(maps.Keys(counts)) {
		line(id, "missing")
	}
	return table.Flush()
}

type keysetRotate struct {
	Prepare bool `help:"Only add the key that the next rotation is to use: for gateways with copies of the file, which all have to have it first."`
}

// Run rotates the keyset.
func (c keysetRotate) Run(e environment) error {
	source, _ := keysetSource(*e.settings)
	change, done := (*seal.Keyset).Rotate, "seals from now on"
	if c.Prepare {
		change, done = (*seal.Keyset).Prepare, "is prepared: rotate once every gateway has the file"
	}
	keys, err := source.Change(change)
	if err != nil {
		return err
	}
	ids := keys.Keys()
	_, err = fmt.Fprintf(e.out, "key %s %s\n", ids[len(ids)-1], done)
	return err
}

type keysetPrune struct {
	Yes   bool          `help:"Do it, although backups of the database from before the rotation need the keys."`
	After time.Duration `default:"10m" help:"How long the present key must have been in use, so that every gateway has it."`
}

// Run deletes the keys that are no longer needed.
func (c keysetPrune) Run(e environment) error {
	if !c.Yes {
		return errors.New("backups of the database from before the rotation cannot be read without the keys: say --yes to delete them")
	}
	source, _ := keysetSource(*e.settings)
	keys, err := source.Load()
	if err != nil {
		return err
	}
	census, err := e.census()
	switch {
	case err != nil:
		return err
	case census.Key != keys.Primary():
		return fmt.Errorf("no gateway has begun to seal by key %s yet", keys.Primary())
	case census.Since < c.After:
		return fmt.Errorf("key %s has been in use for %v only: a gateway may still seal by another", keys.Primary(), census.Since.Round(time.Second))
	}
	var used error
	for _, id := range keys.Retired() {
		if n := census.Records[id]; n > 0 {
			used = errors.Join(used, fmt.Errorf("key %s is needed: %d records are sealed by it", id, n))
			continue
		}
		without := func(k *seal.Keyset) (*seal.Keyset, error) { return k.Without(id) }
		if _, err := source.Change(without); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(e.out, "deleted key %s\n", id); err != nil {
			return err
		}
	}
	return used
}
