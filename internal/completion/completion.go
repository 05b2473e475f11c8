// Package completion writes scripts that let a shell complete a program's
// commands, flags and the values of flags that have only a few.
package completion

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Write writes the script for a shell: "bash", "zsh" or "fish".
func Write(w io.Writer, shell string, app *kong.Application) error {
	var script string
	switch shell {
	case "bash":
		script = bash(app)
	case "zsh":
		script = "#compdef " + app.Name + "\nautoload -U +X bashcompinit && bashcompinit\n" + bash(app)
	case "fish":
		script = fish(app)
	default:
		return fmt.Errorf("no completion for the shell %q", shell)
	}
	_, err := io.WriteString(w, script)
	return err
}

// A command is a command with the names that lead to it: "", "migrate", "migrate up".
type command struct {
	path string
	node *kong.Node
}

// commands returns the program and its commands, each before those below it.
func commands(app *kong.Application) []command {
	var all []command
	var add func(path string, node *kong.Node)
	add = func(path string, node *kong.Node) {
		all = append(all, command{path, node})
		for _, child := range node.Children {
			if !child.Hidden {
				add(strings.TrimSpace(path+" "+child.Name), child)
			}
		}
	}
	add("", app.Node)
	return all
}

// words returns what may follow a command: the commands below it, the values of
// its argument if they are few, its flags and those of all above it.
func (c command) words() []string {
	var words []string
	for _, child := range c.node.Children {
		if !child.Hidden {
			words = append(words, child.Name)
		}
	}
	for _, argument := range c.node.Positional {
		words = append(words, enum(argument)...)
	}
	for node := c.node; node != nil; node = node.Parent {
		for _, flag := range node.Flags {
			words = append(words, "--"+flag.Name)
		}
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// flags returns the flags of all commands, each name once.
func flags(app *kong.Application) []*kong.Flag {
	seen := map[string]bool{}
	var all []*kong.Flag
	for _, c := range commands(app) {
		for _, flag := range c.node.Flags {
			if !seen[flag.Name] {
				seen[flag.Name] = true
				all = append(all, flag)
			}
		}
	}
	return all
}

// enum returns the values that a flag or an argument may have, if they are few.
func enum(v *kong.Value) []string {
	if v.Enum == "" {
		return nil
	}
	return v.EnumSlice()
}

func takesPath(flag *kong.Flag) bool { return strings.HasSuffix(flag.Tag.Type, "path") }
