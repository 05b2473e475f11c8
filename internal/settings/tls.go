package settings

import "errors"

// TLS says how clients' connections are protected. docs/tls.md tells more.
type TLS struct {
	TLS         string `name:"tls" default:"auto" enum:"auto,off,self-signed" env:"BAROGRAPH_TLS" help:"Whether TLS is spoken, 1.3 alone: ${enum}. auto is on where there is a certificate. self-signed makes one, for trying it."`
	TLSCert     string `name:"tls-cert" env:"BAROGRAPH_TLS_CERT" type:"path" placeholder:"FILE" help:"The certificate, in PEM, and behind it those that vouch for it. It is read anew when it or the key changes."`
	TLSKey      string `name:"tls-key" env:"BAROGRAPH_TLS_KEY" type:"path" placeholder:"FILE" help:"Its key, in PEM."`
	ClientCA    string `name:"client-ca" env:"BAROGRAPH_CLIENT_CA" type:"path" placeholder:"FILE" help:"Certificates, in PEM, of the authorities that vouch for clients. Where there are some, clients may have certificates. They are read anew when they change."`
	ClientCerts string `name:"client-certs" default:"optional" enum:"optional,required" env:"BAROGRAPH_CLIENT_CERTS" help:"Whether clients need a certificate, with --client-ca: ${enum}."`
}

// Encrypted reports whether clients' connections are under TLS.
func (s *TLS) Encrypted() bool { return s.SelfSigned() || s.TLS != "off" && s.TLSCert != "" }

// SelfSigned reports whether the certificate is made for the occasion.
func (s *TLS) SelfSigned() bool { return s.TLS == "self-signed" }

// Scheme returns http or https.
func (s *TLS) Scheme() string {
	if s.Encrypted() {
		return "https"
	}
	return "http"
}

// validate returns why the settings cannot be in force.
func (s *TLS) validate() error {
	switch {
	case (s.TLSCert == "") != (s.TLSKey == ""):
		return errors.New("--tls-cert and --tls-key need each other")
	case s.SelfSigned() && s.TLSCert != "":
		return errors.New("--tls self-signed makes a certificate of its own, and --tls-cert gives one: keep one")
	case s.ClientCA != "" && !s.Encrypted():
		return errors.New("--client-ca needs TLS: give --tls-cert and --tls-key too")
	case s.ClientCA != "" && s.SelfSigned():
		return errors.New("--client-ca needs a certificate that clients can trust: give --tls-cert and --tls-key in place of --tls self-signed")
	case s.ClientCerts == "required" && s.ClientCA == "":
		return errors.New("--client-certs=required needs --client-ca, which says whose certificates are good")
	}
	return nil
}
