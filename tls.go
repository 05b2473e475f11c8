package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"barograph/internal/settings"
	"barograph/internal/tlsconfig"
)

// certificateLooks is how often the certificate's files are looked at.
const certificateLooks = time.Second

// An encryption is what clients' connections are under. It is nil where they are
// plain.
type encryption struct {
	*tlsconfig.Server
	hurry chan os.Signal // asks for the files to be read anew; nil where there are none
}

// inTheClear warns of who can listen where there is no TLS.
const inTheClear = "serving credentials and payloads in plain text beyond this machine: " +
	"give --tls-cert and --tls-key, or keep the network to a proxy that ends TLS"

// newEncryption returns what the settings say, for a listener on the address.
func newEncryption(ctx context.Context, s settings.Settings, address net.Addr, logger *slog.Logger) (*encryption, error) {
	if !s.Encrypted() {
		warnUnlessLocal(ctx, address, inTheClear, logger)
		return nil, nil
	}
	var (
		server *tlsconfig.Server
		hurry  chan os.Signal
		err    error
	)
	if s.SelfSigned() {
		server, err = tlsconfig.SelfSigned(address, time.Now)
	} else {
		// From now on until the program ends: a signal that nobody asks for ends
		// it, and files are replaced also while a gateway starts or drains.
		hurry = make(chan os.Signal, 1)
		signal.Notify(hurry, syscall.SIGHUP)
		server, err = tlsconfig.Follow(tlsconfig.Files{
			Certificate: s.TLSCert, Key: s.TLSKey, ClientCA: s.ClientCA, Required: s.ClientCerts == "required",
		}, time.Now, logger)
	}
	if err != nil {
		return nil, fmt.Errorf("TLS: %w", err)
	}
	return &encryption{server, hurry}, server.Observe()
}

// config returns what gives each connection its configuration.
func (e *encryption) config() func() *tls.Config {
	if e == nil {
		return nil
	}
	return e.Config
}

// run follows the certificate's files until ctx is done, and at once where the
// signal asks for it that asks a daemon to read its files anew.
func (e *encryption) run(ctx context.Context) error {
	if e == nil || e.hurry == nil {
		return nil
	}
	return e.Run(ctx, certificateLooks, e.hurry)
}

// announcement is the line of what is served that is about the certificate.
func (e *encryption) announcement() string {
	if e == nil {
		return ""
	}
	return fmt.Sprintf("  TLS       1.3, until %s, SHA-256 %s\n", e.Certificate().NotAfter.UTC().Format(time.DateOnly), e.Fingerprint())
}
