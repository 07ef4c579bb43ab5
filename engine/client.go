package engine

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// ClientConfig says how to reach Kafka. One value serves every client of a process: processors, recoveries, views,
// admin work.
type ClientConfig struct {
	// Brokers are the seed addresses, host:port. At least one.
	Brokers []string
	// ClientID names this process to the brokers. Defaults to "millrace".
	ClientID string
	// TLS defaults to plaintext.
	TLS TLSConfig
	// SASL defaults to no authentication.
	SASL SASLConfig
	// Rack is where this process runs; reads then go to the replica in it. Defaults to none: the leader.
	Rack string
	// Compression of what is produced: none, gzip, snappy, lz4 or zstd. Defaults to snappy, which costs a third of the
	// time that lz4 does (ADR 19). Unless it is none, batches of text (JSON) are gzip, the one codec that every Kafka
	// client can read without another package.
	Compression string
	// MaxRecord is the largest record produced, key and value and headers, in bytes; topics and brokers must allow it.
	// Defaults to 1 MiB + 64 KiB.
	MaxRecord int32
	// Dial opens connections. Defaults to plain TCP, under TLS where that is enabled. With a Dial of one's own, TLS is
	// its business.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// TLSConfig names PEM files.
type TLSConfig struct {
	// Enabled encrypts. The other fields need it.
	Enabled bool
	// CA holds the authorities trusted. Defaults to the system's.
	CA string
	// Cert and Key identify this process to the broker; both or neither.
	Cert, Key string
	// ServerName is expected in the broker's certificate. Defaults to the host dialled.
	ServerName string
}

// SASLConfig authenticates this process.
type SASLConfig struct {
	// Mechanism is PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512. Defaults to none.
	Mechanism string
	// User is required with a mechanism.
	User string
	// Password, or PasswordFile: one of them is required with a mechanism.
	Password string
	// PasswordFile holds the password; a newline at its end is not part of it. It is read for every connection, so that
	// a password can be changed under way.
	PasswordFile string
}

// fetchWait is how long a broker may hold a fetch that finds nothing; franz-go's own 5 s would be the delay wherever a
// broker forgets to answer one when a transaction ends.
const fetchWait = 500 * time.Millisecond

// longFetchWait is fetchWait where no partition is added while a fetch is under way, which it would wait for: for the
// inputs of a group, and for views.
const longFetchWait = 2 * time.Second

// defaultMaxRecord is the default of ClientConfig.MaxRecord.
const defaultMaxRecord = 1<<20 + 64<<10

func (c ClientConfig) withDefaults() ClientConfig {
	if c.ClientID == "" {
		c.ClientID = "millrace"
	}
	if c.Compression == "" {
		c.Compression = "snappy"
	}
	if c.MaxRecord == 0 {
		c.MaxRecord = defaultMaxRecord
	}
	return c
}

// Validate returns every problem of c, joined. Files are read, but nothing is dialled.
func (c ClientConfig) Validate() error {
	c = c.withDefaults()
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(c.Brokers) == 0 {
		fail("brokers: at least one address is needed")
	}
	for _, b := range c.Brokers {
		if _, _, err := net.SplitHostPort(b); err != nil {
			fail("broker %q: %w", b, err)
		}
	}
	if _, err := compression(c.Compression); err != nil {
		errs = append(errs, err)
	}
	if c.MaxRecord < 1<<10 {
		fail("max record %d: at least 1 KiB", c.MaxRecord)
	}
	t := c.TLS
	t.Enabled = false
	if !c.TLS.Enabled && t != (TLSConfig{}) {
		fail("tls: files are given, but it is not enabled")
	}
	if c.TLS.Enabled && c.Dial != nil {
		fail("tls: a dialer of one's own brings its own TLS")
	}
	if _, err := c.TLS.load(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(append(errs, c.SASL.validate())...)
}

func (c SASLConfig) validate() error {
	if c.Mechanism == "" {
		if c != (SASLConfig{}) {
			return errors.New("sasl: a user or password is given, but no mechanism")
		}
		return nil
	}
	var errs []error
	if _, err := c.mechanism(); err != nil {
		errs = append(errs, err)
	}
	if c.User == "" {
		errs = append(errs, errors.New("sasl: a user is needed"))
	}
	if _, err := c.password(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Options returns c as franz-go takes it: what all clients of a process have in common.
func (c ClientConfig) Options() ([]kgo.Opt, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	compress, err := compressing(c.Compression)
	if err != nil {
		return nil, err
	}
	opts := []kgo.Opt{
		kgo.SeedBrokers(c.Brokers...),
		kgo.ClientID(c.ClientID),
		compress,
		kgo.ProducerBatchMaxBytes(c.MaxRecord),
		kgo.MetadataMinAge(100 * time.Millisecond), // a moved leader is found soon
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.FetchMaxWait(fetchWait),
	}
	if c.Rack != "" {
		opts = append(opts, kgo.Rack(c.Rack))
	}
	if c.Dial != nil {
		opts = append(opts, kgo.Dialer(c.Dial))
	}
	if c.TLS.Enabled {
		t, err := c.TLS.load()
		if err != nil {
			return nil, err
		}
		opts = append(opts, kgo.DialTLSConfig(t))
	}
	if c.SASL.Mechanism != "" {
		m, err := c.SASL.mechanism()
		if err != nil {
			return nil, err
		}
		opts = append(opts, kgo.SASL(m))
	}
	return opts, nil
}

// Explain adds to the error of a request what may be behind it. Brokers that do not know a user may say so, or just
// hang up.
func (c ClientConfig) Explain(err error) error {
	switch {
	case errors.Is(err, kerr.SaslAuthenticationFailed):
		return fmt.Errorf("the brokers do not accept user %q and its password: %w", c.SASL.User, err)
	case c.SASL.Mechanism != "" && errors.Is(err, io.EOF):
		return fmt.Errorf("a broker hung up; it may not accept user %q and its password: %w", c.SASL.User, err)
	default:
		return err
	}
}

func compression(name string) (kgo.CompressionCodec, error) {
	switch name {
	case "none":
		return kgo.NoCompression(), nil
	case "gzip":
		return kgo.GzipCompression(), nil
	case "snappy":
		return kgo.SnappyCompression(), nil
	case "lz4":
		return kgo.Lz4Compression(), nil
	case "zstd":
		return kgo.ZstdCompression(), nil
	default:
		return kgo.NoCompression(), fmt.Errorf("compression %q: none, gzip, snappy, lz4 or zstd", name)
	}
}

func (c TLSConfig) load() (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.ServerName}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, fmt.Errorf("tls: authorities: %w", err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("tls: %s holds no certificate", c.CA)
		}
	}
	if (c.Cert == "") != (c.Key == "") {
		return nil, errors.New("tls: certificate and key come together")
	}
	if c.Cert != "" {
		pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		if err != nil {
			return nil, fmt.Errorf("tls: %w", err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

func (c SASLConfig) password() (string, error) {
	switch {
	case c.Password != "" && c.PasswordFile != "":
		return "", errors.New("sasl: a password and a password file are given")
	case c.Password != "":
		return c.Password, nil
	case c.PasswordFile == "":
		return "", errors.New("sasl: a password or a password file is needed")
	}
	b, err := os.ReadFile(c.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("sasl: password: %w", err)
	}
	word := strings.TrimRight(string(b), "\r\n")
	if word == "" {
		return "", fmt.Errorf("sasl: %s is empty", c.PasswordFile)
	}
	return word, nil
}

func (c SASLConfig) mechanism() (sasl.Mechanism, error) {
	ofScram := func(context.Context) (scram.Auth, error) {
		word, err := c.password()
		return scram.Auth{User: c.User, Pass: word}, err
	}
	switch c.Mechanism {
	case "PLAIN":
		return plain.Plain(func(context.Context) (plain.Auth, error) {
			word, err := c.password()
			return plain.Auth{User: c.User, Pass: word}, err
		}), nil
	case "SCRAM-SHA-256":
		return scram.Sha256(ofScram), nil
	case "SCRAM-SHA-512":
		return scram.Sha512(ofScram), nil
	default:
		return nil, fmt.Errorf("sasl: mechanism %q: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", c.Mechanism)
	}
}
