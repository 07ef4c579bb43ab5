package engine

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// identity makes a certificate for localhost that is its own authority.
func identity(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, DNSNames: []string{"broker.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "cert.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		write(t, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: raw}))
}

func ping(t *testing.T, c ClientConfig) error {
	t.Helper()
	opts, err := c.Options()
	if err != nil {
		t.Fatal(err)
	}
	client, err := kgo.NewClient(append(opts, kgo.RequestRetries(1), kgo.RetryTimeout(2*time.Second))...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	return client.Ping(ctx)
}

func TestClientSpeaksTLSAndSASL(t *testing.T) {
	cert, key := identity(t)
	server, err := TLSConfig{CA: cert, Cert: cert, Key: key}.load()
	if err != nil {
		t.Fatal(err)
	}
	server.ClientAuth, server.ClientCAs = tls.RequireAndVerifyClientCert, server.RootCAs
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.TLS(server), kfake.EnableSASL(),
		kfake.Superuser("PLAIN", "u", "secret"), kfake.Superuser("SCRAM-SHA-256", "u256", "secret"),
		kfake.Superuser("SCRAM-SHA-512", "u512", "secret"))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	secret, wrong := write(t, "password", []byte("secret\n")), write(t, "wrong", []byte("guess"))
	good := ClientConfig{
		Brokers: cluster.ListenAddrs(), Rack: "r1",
		TLS: TLSConfig{Enabled: true, CA: cert, Cert: cert, Key: key, ServerName: "broker.test"},
	}
	for mechanism, user := range map[string]string{"PLAIN": "u", "SCRAM-SHA-256": "u256", "SCRAM-SHA-512": "u512"} {
		good.SASL = SASLConfig{Mechanism: mechanism, User: user, PasswordFile: secret}
		if err := ping(t, good); err != nil {
			t.Errorf("%s: %v", mechanism, err)
		}
		bad := good
		bad.SASL.PasswordFile = wrong
		if err := bad.Explain(ping(t, bad)); err == nil || !strings.Contains(err.Error(), strconv.Quote(user)+" and its password") {
			t.Errorf("%s: a wrong password: %v", mechanism, err)
		}
	}
	for what, change := range map[string]func(*ClientConfig){
		"no certificate":    func(c *ClientConfig) { c.TLS.Cert, c.TLS.Key = "", "" },
		"unknown authority": func(c *ClientConfig) { c.TLS.CA = "" },
		"another server":    func(c *ClientConfig) { c.TLS.ServerName = "other.test" },
		"plaintext":         func(c *ClientConfig) { c.TLS = TLSConfig{} },
	} {
		bad := good
		change(&bad)
		if ping(t, bad) == nil {
			t.Errorf("%s: let in", what)
		}
	}
}

func TestClientDialsAsTold(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	dialled := false
	if err := ping(t, ClientConfig{Brokers: cluster.ListenAddrs(), Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		dialled = true
		return new(net.Dialer).DialContext(ctx, network, address)
	}}); err != nil || !dialled {
		t.Errorf("dialled: %t, %v", dialled, err)
	}
}

func TestClientConfigListsEveryProblem(t *testing.T) {
	c := ClientConfig{
		Brokers: []string{"nowhere"}, Compression: "rar", MaxRecord: 3,
		TLS:  TLSConfig{CA: "missing.pem", Cert: "c"},
		SASL: SASLConfig{Mechanism: "GSSAPI", PasswordFile: write(t, "empty", []byte("\n"))},
	}
	err := c.Validate()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, part := range []string{"nowhere", "rar", "max record 3", "not enabled", "missing.pem", "GSSAPI", "a user is needed", "is empty"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in:\n%v", part, err)
		}
	}
	if err := (ClientConfig{}).Validate(); err == nil || !strings.Contains(err.Error(), "at least one address") {
		t.Errorf("got %v", err)
	}
	if err := (ClientConfig{Brokers: []string{"a:1"}, SASL: SASLConfig{User: "u"}}).Validate(); err == nil {
		t.Error("a user without mechanism was accepted")
	}
}
