package settings

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
)

// A file is a settings file that has been read.
type file struct {
	path   string
	values map[string]any // by flag
}

// readFile reads a settings file, whose every name must be that of a flag.
func readFile(path string, model *kong.Application) (file, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the operator named it
	if err != nil {
		return file{}, fmt.Errorf("read settings: %w", err)
	}
	values := map[string]any{}
	if err := yaml.UnmarshalWithOptions(text, &values); err != nil {
		return file{}, fmt.Errorf("read settings: %s: %w", path, err)
	}
	var wrong []error
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if err := check(name, values[name], model); err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", path, err))
		}
	}
	return file{path, values}, errors.Join(wrong...)
}

// CheckFile returns what is wrong with a settings file, or nil.
func CheckFile(path string, model *kong.Application) error {
	_, err := readFile(path, model)
	return err
}

// check returns why a file may not have a setting, or nil.
func check(name string, value any, model *kong.Application) error {
	var names []string
	for _, flag := range model.Flags {
		if flag.Name == configName || flag.Name == "help" {
			continue
		}
		if flag.Name != name {
			names = append(names, flag.Name)
			continue
		}
		given := []any{value}
		if list, several := value.([]any); flag.IsSlice() && several {
			given = list
		} else if text, written := value.(string); flag.IsSlice() && written {
			given = nil
			for item := range strings.SplitSeq(text, ",") {
				given = append(given, item)
			}
		}
		for _, value := range given {
			if err := checkOne(name, value, flag); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("unknown setting %s%s", name, didYouMean(name, names))
}

// checkOne returns why a file may not have a value, or nil.
func checkOne(name string, value any, flag *kong.Flag) error {
	text := fmt.Sprint(value)
	switch value.(type) {
	case string, bool, int64, uint64, float64:
	default:
		return fmt.Errorf("%s must have one value", name)
	}
	if values := flag.EnumSlice(); flag.Enum != "" && !slices.Contains(values, text) {
		return fmt.Errorf("%s must be one of %s, not %q%s", name, strings.Join(values, ", "), text, didYouMean(text, values))
	}
	return nil
}

// didYouMean returns a question for the known name that is most like an unknown
// one, or nothing when none is like it.
func didYouMean(unknown string, known []string) string {
	best, distance := "", len(unknown)/2+1
	for _, name := range known {
		if d := levenshtein.ComputeDistance(strings.ReplaceAll(strings.ToLower(unknown), "_", "-"), name); d < distance {
			best, distance = name, d
		}
	}
	if best == "" {
		return ""
	}
	return ", did you mean " + best + "?"
}
