package main

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// authority is a throwaway certificate authority, and a broker's identity that it vouches for.
func authority(t *testing.T) (caPEM []byte, server tls.Certificate) {
	t.Helper()
	sign := func(template, parent *x509.Certificate, key, by *ecdsa.PrivateKey) []byte {
		der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	newKey := func() *ecdsa.PrivateKey {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	ca, caKey, key := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, newKey(), newKey()
	broker := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "broker"}, NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	caPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: sign(ca, ca, caKey, caKey)})
	return caPEM, tls.Certificate{Certificate: [][]byte{sign(broker, ca, key, caKey)}, PrivateKey: key}
}

// Every command reaches a broker that demands TLS and a password.
func TestTLSAndSASL(t *testing.T) {
	elsewhere(t)
	ca, identity := authority(t)
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.TLS(&tls.Config{Certificates: []tls.Certificate{identity}}), kfake.EnableSASL(),
		kfake.Superuser("PLAIN", "plain", "secret-p"), kfake.Superuser("SCRAM-SHA-256", "s256", "secret-2"), kfake.Superuser("SCRAM-SHA-512", "s512", "secret-5"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	t.Setenv("MILLRACE_KAFKA_TLS_ENABLED", "true")
	t.Setenv("MILLRACE_KAFKA_TLS_CA", write(t, "ca.pem", string(ca)))
	t.Setenv("MILLRACE_RUN_DATA", t.TempDir())
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, publicPEM := keyFiles(t, private, public)
	t.Setenv("MILLRACE_AUTH_KEY_FILE", write(t, "public.pem", string(publicPEM)))
	for _, as := range []struct{ mechanism, user, password string }{
		{"PLAIN", "plain", "secret-p"}, {"SCRAM-SHA-256", "s256", "secret-2"}, {"SCRAM-SHA-512", "s512", "secret-5"},
	} {
		t.Run(as.mechanism, func(t *testing.T) {
			t.Setenv("MILLRACE_KAFKA_SASL_MECHANISM", as.mechanism)
			t.Setenv("MILLRACE_KAFKA_SASL_USER", as.user)
			t.Setenv("MILLRACE_KAFKA_SASL_PASSWORD_FILE", write(t, "password", as.password+"\n"))
			admin, listen := freePort(t), freePort(t)
			t.Setenv("MILLRACE_HTTP_ADMIN", fmt.Sprintf("127.0.0.1:%d", admin))
			t.Setenv("MILLRACE_HTTP_LISTEN", fmt.Sprintf("127.0.0.1:%d", listen))
			server := fmt.Sprintf("http://127.0.0.1:%d", listen)
			flags := []string{"--brokers", c.ListenAddrs()[0], "--partitions", "2", "--replication", "1", "--prefix", strings.ToLower(as.mechanism) + ".", "--server", server}
			with := func(args ...string) []string { return append(args, flags...) }

			millrace(t, 0, with("topics", "apply")...)
			stopRun := process(t, "msg=running", with("run", "--all")...)
			t.Setenv("MILLRACE_HTTP_ADMIN", fmt.Sprintf("127.0.0.1:%d", freePort(t)))
			stopServe := process(t, "msg=serving", with("serve")...)
			t.Setenv("MILLRACE_TOKEN", strings.TrimSpace(millrace(t, 0, "token", "mint", "--sub", "ops", "--role", "editor", "--key-file", key).out))
			lacks(t, millrace(t, 0, with("mission", "apply", "-f", write(t, "m.yaml", goodMission))...).out, "swiggy-500", "applied")
			if got := millrace(t, 0, with("generate", "--count", "100")...).out; got != "sent=100\n" {
				t.Errorf("generate said %q", got)
			}
			if got := millrace(t, 0, with("replay", write(t, "none.jsonl", ""), "--wait")...).out; got != "sent=0\n" {
				t.Errorf("replay said %q", got)
			}
			_, metrics := status(t, fmt.Sprintf("http://127.0.0.1:%d/metrics", admin))
			lacks(t, metrics, `millrace_events_total{group="intake",outcome="accepted"}`, `millrace_transactions_total{group="`+strings.ToLower(as.mechanism)+`.ledger",outcome="committed"}`)
			if code := stopServe(); code != 0 {
				t.Errorf("serve ended with %d", code)
			}
			if code := stopRun(); code != 0 {
				t.Errorf("run ended with %d", code)
			}

			t.Setenv("MILLRACE_KAFKA_SASL_PASSWORD_FILE", write(t, "guess", "guess"))
			commands := [][]string{{"topics", "plan"}}
			if as.mechanism == "PLAIN" {
				commands = append(commands, []string{"run", "--all"}, []string{"serve"}, []string{"generate", "--count", "1"})
			}
			for _, args := range commands {
				got := millrace(t, 2, with(args...)...).errs
				lacks(t, got, fmt.Sprintf("it may not accept user %q and its password", as.user))
				if n := strings.Count(strings.TrimSpace(got), "\n"); n > 0 {
					t.Errorf("%v says more than one line:\n%s", args, got)
				}
			}
		})
	}
}
