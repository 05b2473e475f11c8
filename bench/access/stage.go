package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
)

// A gateway is one of those that are compared.
type gateway struct {
	address string
	key     string // "" for none
}

// A stage is what is measured.
type stage struct {
	ctx       context.Context //nolint:containedctx // of the run
	dir       string
	processes []*exec.Cmd
	gateways  []gateway
}

// open builds the program and starts everything.
func (s *stage) open() error {
	program := filepath.Join(s.dir, "barograph")
	if out, err := exec.CommandContext(s.ctx, "go", "build", "-o", program, ".").CombinedOutput(); err != nil { //nolint:gosec // a folder of ours
		return fmt.Errorf("build: %w: %s", err, out)
	}
	socket := filepath.Join(s.dir, "redis")
	if _, err := s.start("redis-server", "--port", "0", "--unixsocket", socket, "--save", ""); err != nil {
		return err
	}
	for i, v := range variants {
		flags := []string{"--listen=127.0.0.1:0", "--admin-listen=none", "--weather=simulator", "--log-level=warn", "--data-dir=" + filepath.Join(s.dir, fmt.Sprint(i))}
		for _, f := range v.flags {
			flags = append(flags, strings.ReplaceAll(f, "{redis}", "unix://"+socket))
		}
		out, err := s.start(program, flags...)
		if err != nil {
			return err
		}
		address, err := readAddress(out)
		if err != nil {
			return fmt.Errorf("%s: %w", v.name, err)
		}
		g := gateway{address: address}
		if v.keyed {
			if g.key, err = s.makeKey(program, flags); err != nil {
				return fmt.Errorf("%s: %w", v.name, err)
			}
		}
		s.gateways = append(s.gateways, g)
	}
	return nil
}

// makeKey makes an API key of a gateway that runs with the flags.
func (s *stage) makeKey(program string, flags []string) (string, error) {
	out, err := exec.CommandContext(s.ctx, program, append(flags, "keys", "create", "--name=bench", "--role=viewer")...).Output() //nolint:gosec // a program of ours
	if err != nil {
		return "", fmt.Errorf("make an API key: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// start starts a process and returns what it says.
func (s *stage) start(name string, args ...string) (*bufio.Scanner, error) {
	process := exec.Command(name, args...) //nolint:gosec,noctx // it is ended by close
	process.Dir, process.Stderr = s.dir, os.Stderr
	out, err := process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := process.Start(); err != nil {
		return nil, err
	}
	s.processes = append(s.processes, process)
	return bufio.NewScanner(out), nil
}

var endpoint = regexp.MustCompile(`http://(\S+)/graphql`)

// readAddress reads where a gateway serves.
func readAddress(out *bufio.Scanner) (string, error) {
	for out.Scan() {
		if found := endpoint.FindStringSubmatch(out.Text()); found != nil {
			return found[1], nil
		}
	}
	return "", errors.New("it does not serve")
}

// close ends everything and removes what it wrote.
func (s *stage) close() (err error) {
	for _, p := range s.processes {
		_ = p.Process.Signal(syscall.SIGTERM)
	}
	for _, p := range s.processes {
		err = errors.Join(err, p.Wait())
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}
