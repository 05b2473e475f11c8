package main

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"barograph/internal/tlsconfig/tlstest"
)

// ends runs a command that ends by itself and returns its exit code and what it
// printed.
func ends(t *testing.T, args ...string) (code int, printed string) {
	t.Helper()
	cmd := command(t, args...)
	out, _ := cmd.CombinedOutput() // the code says how it went
	return cmd.ProcessState.ExitCode(), string(out)
}

func TestASelfSignedGatewaySaysWhatToTrustAndShowsItOnTheBoard(t *testing.T) {
	t.Parallel()
	g := observed(t, "--tls", "self-signed")
	said := regexp.MustCompile(`TLS +1\.3, until \S+, SHA-256 ((?:[0-9A-F]{2}:){31}[0-9A-F]{2})`).FindStringSubmatch(g.out.String())
	if said == nil || !strings.HasPrefix(g.url, "https://") {
		t.Fatalf("it serves at %s and says\n%s", g.url, g.out)
	}
	if code, printed := ends(t, "healthcheck", "--tls", "self-signed", "--listen", strings.TrimPrefix(g.url, "https://")); code != 0 || printed != "ready\n" {
		t.Errorf("healthcheck: %d %s", code, printed)
	}
	_, text := get(t, g.admin(t)+"/metrics")
	asked := strings.Join(readBoard(t).queries("5m"), "\n")
	families := regexp.MustCompile(`(?m)^# TYPE (barograph_tls_\w+)`).FindAllStringSubmatch(text, -1)
	if len(families) != 3 {
		t.Errorf("the metrics of TLS are %v, want three", families)
	}
	for _, family := range families {
		if !strings.Contains(asked, family[1]) {
			t.Errorf("the board does not show %s", family[1])
		}
	}
}

func TestAHealthcheckShowsTheCertificateThatClientsNeed(t *testing.T) {
	t.Parallel()
	authority, clients := tlstest.NewAuthority(t, "authority"), tlstest.NewAuthority(t, "clients")
	dir, mine := t.TempDir(), t.TempDir()
	certificate, key := authority.Issue(t).Write(t, dir)
	encrypted := []string{"--tls-cert", certificate, "--tls-key", key, "--client-ca", tlstest.Put(t, dir, "ca.crt", clients.PEM), "--client-certs", "required"}
	g := serve(t, filepath.Join(tempDir(t), "data"), encrypted...)
	check := append([]string{"healthcheck", "--listen", strings.TrimPrefix(g.url, "https://")}, encrypted...)
	if code, printed := ends(t, check...); code == 0 || !strings.Contains(printed, "certificate required") {
		t.Errorf("without a certificate: %d %s", code, printed)
	}
	shown, shownKey := clients.Issue(t).Write(t, mine)
	check = append(check, "--client-cert", shown, "--client-key", shownKey)
	if code, printed := ends(t, check...); code != 0 || printed != "ready\n" {
		t.Errorf("with one: %d %s", code, printed)
	}
}

// Whoever renews the certificate tells the gateway, whether it serves yet or not.
func TestASignalToReadTheCertificateAnewEndsNoStart(t *testing.T) {
	t.Parallel()
	database, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close() //nolint:errcheck // nothing is left to do about it
	certificate, key := tlstest.NewAuthority(t, "authority").Issue(t).Write(t, t.TempDir())
	g := launch(t, command(t, "--listen", "127.0.0.1:0", "--weather", "simulator", "--tls-cert", certificate, "--tls-key", key,
		"--database-url", "postgres://u@"+database.Addr().String()+"/x?sslmode=disable"))
	asked, err := database.Accept()
	if err != nil {
		t.Fatal(err)
	}
	g.signal(t, syscall.SIGHUP)
	_, _ = asked.Close(), database.Close()
	if code := g.wait(t); code <= 0 || !strings.Contains(g.out.String(), "connect") {
		t.Errorf("it ended with %v, want by an error of its database; it printed:\n%s", g.cmd.ProcessState, g.out)
	}
}

// An address that is not of this machine alone is reached through networks: the
// certificate must be the configured one.
func TestAHealthcheckOfAnotherMachineTrustsTheConfiguredCertificateAlone(t *testing.T) {
	t.Parallel()
	authority := tlstest.NewAuthority(t, "authority")
	state := func(pair tlstest.Pair) tls.ConnectionState {
		return tls.ConnectionState{PeerCertificates: []*x509.Certificate{pair.TLS(t).Leaf}}
	}
	good := authority.Issue(t)
	cli := commandLine{}
	cli.TLSCert, cli.TLSKey = good.Write(t, t.TempDir())
	for name, c := range map[string]struct {
		host   string
		state  tls.ConnectionState
		accept bool
	}{
		"the configured":          {"gateway.example", state(good), true},
		"another of its maker":    {"gateway.example", state(authority.Issue(t)), false},
		"another, on this":        {"localhost", state(authority.Issue(t)), true},
		"another, by this number": {"127.0.0.1", state(authority.Issue(t)), true},
	} {
		if err := pinned(cli.Settings, c.host)(c.state); (err == nil) != c.accept {
			t.Errorf("%s: %v", name, err)
		}
	}
	cli.TLS.TLS = "self-signed"
	if err := pinned(cli.Settings, "gateway.example")(state(good)); err == nil {
		t.Error("a self-signed certificate of another machine is trusted")
	}
}
