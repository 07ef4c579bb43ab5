package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/millrace/millrace/engine"
)

// Kafka says how every client of this process reaches the brokers, beside where they are and what it calls itself.
type Kafka struct {
	TLS  TLS  `yaml:"tls"`
	SASL SASL `yaml:"sasl"`
	// Rack is where this process runs; reads then go to the replica in it. Defaults to none: the leader.
	Rack string `yaml:"rack"`
	// Compression of what is produced: none, gzip, snappy, lz4 or zstd. Defaults to snappy, which costs a third of the
	// time that lz4 does (ADR 19). Unless it is none, batches of text (JSON) are gzip, the one codec that every Kafka
	// client can read without another package.
	Compression string `yaml:"compression"`
}

// TLS names PEM files.
type TLS struct {
	// Enabled encrypts. The other settings need it. Defaults to false.
	Enabled bool `yaml:"enabled"`
	// CA holds the authorities trusted. Defaults to the system's.
	CA string `yaml:"ca"`
	// Cert and Key identify this process to the brokers; both or neither. Default to none.
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
	// ServerName is expected in the brokers' certificates. Defaults to the host dialled.
	ServerName string `yaml:"server_name"`
}

// SASL authenticates this process.
type SASL struct {
	// Mechanism is PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512. Defaults to none.
	Mechanism string `yaml:"mechanism"`
	// User is required with a mechanism.
	User string `yaml:"user"`
	// Password, or PasswordFile which holds it, is required with a mechanism. The file is read for every connection, so
	// that a password can be changed under way.
	Password     Secret `yaml:"password"`
	PasswordFile string `yaml:"password_file"`
}

// Secret is a text that is never shown.
type Secret string

// redacted is what is shown in its place.
const redacted = "(redacted)"

// String implements fmt.Stringer.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// GoString implements fmt.GoStringer.
func (s Secret) GoString() string { return fmt.Sprintf("%q", s.String()) }

// MarshalYAML implements yaml.InterfaceMarshaler.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }

// Client returns how every Kafka client of this process reaches the brokers: the one place where that is said.
func (c Config) Client() engine.ClientConfig {
	k := c.Kafka
	return engine.ClientConfig{
		Brokers: c.Brokers, ClientID: c.ClientID, Rack: k.Rack, Compression: strings.ToLower(k.Compression),
		TLS: engine.TLSConfig{Enabled: k.TLS.Enabled, CA: k.TLS.CA, Cert: k.TLS.Cert, Key: k.TLS.Key,
			ServerName: k.TLS.ServerName},
		SASL: engine.SASLConfig{
			Mechanism: strings.ToUpper(k.SASL.Mechanism), User: k.SASL.User, Password: string(k.SASL.Password),
			PasswordFile: k.SASL.PasswordFile,
		},
	}
}

// validate reads the files that are named.
func (k Kafka) validate() error {
	c := Config{Brokers: []string{"judged.elsewhere:1"}, Kafka: k}.Client()
	err := c.Validate()
	if err == nil {
		return nil
	}
	var errs []error
	for _, line := range strings.Split(err.Error(), "\n") {
		errs = append(errs, errors.New("kafka: "+line))
	}
	return errors.Join(errs...)
}
