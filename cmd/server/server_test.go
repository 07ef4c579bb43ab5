package server

import (
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/topology"
	"github.com/millrace/millrace/views/token"
)

func TestStartOnATakenPortNamesTheRemedy(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	secret, err := token.Secret([]byte(strings.Repeat("s", 32)))
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := token.NewVerifier(token.Config{Issuer: "i", Audience: "a", Keys: []token.Key{secret.Key}})
	if err != nil {
		t.Fatal(err)
	}
	s := config.Default()
	s.Brokers = []string{"127.0.0.1:1"} // nobody: nothing is asked of it
	_, err = Start(Config{
		Settings: s, Topology: topology.New(s.Topology()), Listen: taken.Addr().String(), Verifier: verifier, Log: slog.New(slog.DiscardHandler),
	})
	if err == nil || !strings.Contains(err.Error(), taken.Addr().String()) || !strings.Contains(err.Error(), "--port or http.listen") {
		t.Errorf("got %v", err)
	}
}
