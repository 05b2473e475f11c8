package settings

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// A Setting is a setting as it is in force.
type Setting struct {
	Name   string
	Value  string // "(set)" for a secret
	Source string // "flag", "environment NAME", "file PATH" or "default"
}

// Effective returns the settings in force, in the order of the help. It may be
// asked once the command line has been parsed.
func (s *Settings) Effective(ctx *kong.Context) []Setting {
	onCommandLine := map[string]bool{}
	for _, path := range ctx.Path {
		if path.Flag != nil && !path.Resolved {
			onCommandLine[path.Flag.Name] = true
		}
	}
	var effective []Setting
	for _, flag := range ctx.Model.Flags {
		if flag.Name == "help" {
			continue
		}
		source, given := s.origins[flag.Name]
		switch {
		case onCommandLine[flag.Name]:
			source = "flag"
		case !given:
			source = "default"
		}
		value := fmt.Sprint(flag.Target.Interface())
		if list, several := flag.Target.Interface().([]string); several {
			value = strings.Join(list, ",")
		}
		if isSecret(flag) && value != "" {
			value = "(set)"
		}
		effective = append(effective, Setting{flag.Name, value, source})
	}
	return effective
}
