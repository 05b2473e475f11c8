package completion

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// bash returns a function that finds out which command is being typed, and
// offers what may follow it.
func bash(app *kong.Application) string {
	name := "_" + strings.ReplaceAll(app.Name, "-", "_")
	var b strings.Builder
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(&b, format+"\n", args...) }
	line("%s() {", name)
	line(`  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path= words= i`)
	line(`  for ((i = 1; i < COMP_CWORD; i++)); do`)
	line(`    case "$path ${COMP_WORDS[i]}" in`)
	for _, c := range commands(app) {
		if c.path != "" {
			above, last := "", c.path
			if i := strings.LastIndex(c.path, " "); i >= 0 {
				above, last = c.path[:i], c.path[i+1:]
			}
			line(`      "%s %s") path="%s" ;;`, above, last, c.path)
		}
	}
	line(`    esac`)
	line(`  done`)
	line(`  case $prev in`)
	for _, flag := range flags(app) {
		switch values := enum(flag.Value); {
		case len(values) > 0:
			line(`    --%s) COMPREPLY=($(compgen -W "%s" -- "$cur")); return ;;`, flag.Name, strings.Join(values, " "))
		case takesPath(flag):
			line(`    --%s) COMPREPLY=($(compgen -f -- "$cur")); return ;;`, flag.Name)
		case !flag.IsBool():
			line(`    --%s) COMPREPLY=(); return ;;`, flag.Name)
		}
	}
	line(`  esac`)
	line(`  case $path in`)
	for _, c := range commands(app) {
		line(`    "%s") words="%s" ;;`, c.path, strings.Join(c.words(), " "))
	}
	line(`  esac`)
	line(`  COMPREPLY=($(compgen -W "$words" -- "$cur"))`)
	line(`}`)
	line(`complete -F %s %s`, name, app.Name)
	return b.String()
}
