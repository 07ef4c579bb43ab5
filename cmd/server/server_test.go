package server

import (
	"context"
	"log/slog"
	"maps"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/topology"
	"github.com/millrace/millrace/views/token"
)

// at stands still at some offsets.
type at map[int32]int64

func (a at) Next() map[int32]int64 { return maps.Clone(a) }

func (a at) Wait(_ context.Context, want map[int32]int64) error {
	for p, o := range want {
		if a[p] < o {
			return context.DeadlineExceeded
		}
	}
	return nil
}

func TestBothIsAsFarAsTheSlower(t *testing.T) {
	a, b := at{0: 5, 1: 2, 2: 7}, at{0: 3, 1: 9}
	for name, o := range map[string]both{"a, b": {a, b}, "b, a": {b, a}} {
		got := o.Next()
		delete(got, 2) // not known to both
		if diff := cmp.Diff(map[int32]int64{0: 3, 1: 2}, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		for want, reached := range map[[2]int64]bool{{3, 2}: true, {4, 0}: false, {0, 3}: false} {
			if err := o.Wait(t.Context(), map[int32]int64{0: want[0], 1: want[1]}); (err == nil) != reached {
				t.Errorf("%s: wait for %v: %v", name, want, err)
			}
		}
	}
}

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
