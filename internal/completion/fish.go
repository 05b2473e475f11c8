package completion

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// fish returns a line for each command, flag and value.
func fish(app *kong.Application) string {
	var b strings.Builder
	complete := func(condition, rest string, args ...any) {
		_, _ = fmt.Fprintf(&b, "complete -c %s", app.Name)
		if condition != "" {
			_, _ = fmt.Fprintf(&b, " -n %s", quote(condition))
		}
		_, _ = fmt.Fprintf(&b, " "+rest+"\n", args...)
	}
	complete("", "-f")
	for _, c := range commands(app) {
		condition := "__fish_use_subcommand"
		if c.path != "" {
			names := strings.Fields(c.path)
			condition = "__fish_seen_subcommand_from " + names[len(names)-1]
		}
		for _, child := range c.node.Children {
			if !child.Hidden {
				complete(condition, "-a %s -d %s", child.Name, quote(child.Help))
			}
		}
		for _, argument := range c.node.Positional {
			if values := enum(argument); len(values) > 0 {
				complete(condition, "-a %s", quote(strings.Join(values, " ")))
			}
		}
		if c.path == "" {
			condition = "" // its flags may stand anywhere
		}
		for _, flag := range c.node.Flags {
			switch values := enum(flag.Value); {
			case len(values) > 0:
				complete(condition, "-l %s -x -a %s -d %s", flag.Name, quote(strings.Join(values, " ")), quote(flag.Help))
			case takesPath(flag):
				complete(condition, "-l %s -r -F -d %s", flag.Name, quote(flag.Help))
			case flag.IsBool():
				complete(condition, "-l %s -d %s", flag.Name, quote(flag.Help))
			default:
				complete(condition, "-l %s -x -d %s", flag.Name, quote(flag.Help))
			}
		}
	}
	return b.String()
}

// quote makes text one word of a fish script.
func quote(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}
