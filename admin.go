package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"syscall"

	"barograph/internal/loopback"
	"barograph/internal/settings"
)

// defaultAdminListen is where operators are served unless they say otherwise.
const defaultAdminListen = "127.0.0.1:8081"

// operators says where metrics, profiles and build information are served.
type operators struct {
	listener    net.Listener // nil where they are not
	description string
}

// listenForOperators listens where the settings say. An address that somebody
// else uses is an error, except that the default gives way: a second gateway on
// a machine should start.
func listenForOperators(ctx context.Context, s settings.Settings, logger *slog.Logger) (*operators, error) {
	if s.AdminListen == "" || s.AdminListen == "none" {
		return &operators{description: "none, as asked"}, nil
	}
	var network net.ListenConfig
	listener, err := network.Listen(ctx, "tcp", s.AdminListen)
	switch {
	case err == nil:
		warnUnlessLocal(ctx, listener.Addr(), "serving metrics and profiles beyond this machine without authentication", logger)
		return &operators{listener, fmt.Sprintf("http://%s/metrics, /debug/pprof/, /buildinfo", listener.Addr())}, nil
	case errors.Is(err, syscall.EADDRINUSE) && s.AdminListen == defaultAdminListen:
		logger.WarnContext(ctx, "serving no metrics: their address is in use", "address", s.AdminListen)
		return &operators{description: "none, for " + s.AdminListen + " is in use: --admin-listen chooses another address"}, nil
	}
	return nil, fmt.Errorf("--admin-listen: %w", err)
}

// warnUnlessLocal warns of an address that others than this machine can reach.
func warnUnlessLocal(ctx context.Context, address net.Addr, warning string, logger *slog.Logger) {
	if !loopback.Address(address) {
		logger.WarnContext(ctx, warning, "address", address)
	}
}

func (o *operators) close() {
	if o.listener != nil {
		_ = o.listener.Close() // by its server before, when that has run
	}
}
