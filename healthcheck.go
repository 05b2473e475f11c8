package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"barograph/internal/loopback"
	"barograph/internal/settings"
)

type healthcheckCommand struct {
	Timeout    time.Duration `default:"3s" help:"How long to wait for an answer."`
	ClientCert string        `type:"path" placeholder:"FILE" help:"A certificate to show, where clients need one."`
	ClientKey  string        `type:"path" placeholder:"FILE" help:"Its key."`
}

// Run asks the gateway that listens where this one would.
func (c healthcheckCommand) Run(e environment) error {
	host, port, err := net.SplitHostPort(e.settings.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	client, err := c.client(*e.settings, host)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(e.ctx, c.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.settings.Scheme()+"://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("the gateway does not answer: %w", err)
	}
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<10))
	switch {
	case err != nil:
		return err
	case res.StatusCode != http.StatusOK:
		return fmt.Errorf("%s: %s", res.Status, answer)
	}
	_, err = e.out.Write(answer)
	return err
}

// client returns what asks a host.
func (c healthcheckCommand) client(s settings.Settings, host string) (*http.Client, error) {
	config := &tls.Config{
		MinVersion:         tls.VersionTLS13,
		InsecureSkipVerify: true, //nolint:gosec // pinned looks at the certificate, which no authority has to vouch for here
		VerifyConnection:   pinned(s, host),
	}
	if c.ClientCert != "" || c.ClientKey != "" {
		pair, err := tls.LoadX509KeyPair(c.ClientCert, c.ClientKey)
		if err != nil {
			return nil, fmt.Errorf("--client-cert and --client-key: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}, nil
}

// pinned returns what accepts a gateway: on another machine, with the configured
// certificate alone. On this one, nobody stands in between, and a gateway whose
// certificate's file was replaced by a bad one is well as long as it runs: to
// restart it would be the end of it.
func pinned(s settings.Settings, host string) func(tls.ConnectionState) error {
	return func(state tls.ConnectionState) error {
		if loopback.Host(host) {
			return nil
		}
		if s.SelfSigned() {
			return errors.New("a self-signed certificate is known to its gateway alone: only localhost can be asked")
		}
		configured, err := leafOf(s.TLSCert)
		if err != nil {
			return fmt.Errorf("--tls-cert: %w", err)
		}
		if !bytes.Equal(configured.Raw, state.PeerCertificates[0].Raw) {
			return errors.New("it does not have the certificate of --tls-cert")
		}
		return nil
	}
}

// leafOf returns the first certificate of a file.
func leafOf(path string) (*x509.Certificate, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the operator named it
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("there is no certificate in the file")
	}
	return x509.ParseCertificate(block.Bytes)
}
