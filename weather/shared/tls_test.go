package shared_test

import (
	"net"
	"testing"

	"barograph/internal/redislink/redistest"
	"barograph/internal/tlsconfig/tlstest"
)

// encrypted starts a Redis that speaks nothing but TLS, and returns its address.
func encrypted(t *testing.T, versions string) string {
	t.Helper()
	s := redistest.New(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close() // another may take it before Redis does, and the test fails
	_, port, _ := net.SplitHostPort(address)
	certificate, key := tlstest.NewAuthority(t, "authority").Issue(t).Write(t, s.Dir())
	s.UpAt(t, "tcp", address, "--bind", "127.0.0.1", "--tls-port", port, "--tls-cert-file", certificate, "--tls-key-file", key,
		"--tls-auth-clients", "no", "--tls-protocols", versions)
	return address
}

func TestRedisIsSpokenToByTLS13AloneAndByItsName(t *testing.T) {
	t.Parallel()
	address := encrypted(t, "TLSv1.2 TLSv1.3")
	c, log := open(t, "rediss://"+address+"/?skip_verify=true", "tls")
	keep(t, c, report(t, oslo), everything)
	if log.failures() != 0 {
		t.Error("a Redis under TLS is not used")
	}
	for name, url := range map[string]string{
		"a certificate that nobody vouches for": "rediss://" + address,
		"TLS 1.2":                               "rediss://" + encrypted(t, "TLSv1.2") + "/?skip_verify=true",
		"no TLS at all":                         "redis://" + address,
	} {
		if c, log := open(t, url, "tls"); log.count("is gone") != 1 || look(t, c, everything, oslo)[0] != nil {
			t.Errorf("a Redis with %s is used", name)
		}
	}
}
