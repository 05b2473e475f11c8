package settings

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// Table returns the settings of a program as a table in Markdown.
func Table(model *kong.Application) string {
	var b strings.Builder
	b.WriteString("| flag, and name in a file | environment | default | |\n|---|---|---|---|\n")
	for _, flag := range model.Flags {
		if flag.Name == "help" {
			continue
		}
		var environment []string
		for _, name := range flag.Envs {
			environment = append(environment, "`"+name+"`")
			if hasFile(flag, model) {
				environment = append(environment, "`"+name+fileSuffix+"`")
			}
		}
		preset := ""
		if flag.HasDefault {
			preset = "`" + flag.Default + "`"
		}
		_, _ = fmt.Fprintf(&b, "| `--%s` | %s | %s | %s |\n", flag.Name, strings.Join(environment, ", "), preset, flag.Help)
	}
	return b.String()
}
