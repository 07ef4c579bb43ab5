package server

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/pipeline"
	"github.com/millrace/millrace/stream"
)

// A write over HTTP is judged by the catalog group, shown by the server, and told to the groups that act on it.
func TestWritesReachTheCatalog(t *testing.T) {
	f := newFixture(t)
	top := f.topology
	f.createStreams()
	p, err := pipeline.Start(t.Context(), pipeline.Config{Settings: f.settings, Topology: top, Groups: []string{"catalog"}})
	f.check(err)
	t.Cleanup(func() { f.check(p.Stop()) })
	f.check(p.Ready(t.Context()))
	s := f.serve()
	f.check(s.Recovered(t.Context()))
	put := func(body string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://"+s.Addr().String()+"/v1/panel/freeze", bytes.NewReader([]byte(body)))
		f.check(err)
		r.Header.Set("Authorization", "Bearer "+f.bearer)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", "k")
		resp, err := http.DefaultClient.Do(r)
		f.check(err)
		defer func() { _ = resp.Body.Close() }()
		raw, err := io.ReadAll(resp.Body)
		f.check(err)
		return resp.StatusCode, string(raw)
	}
	const body = `{"mode":"upi","from":"2026-03-01T10:00:00Z","until":"2026-03-01T11:00:00Z","reason":"sale"}`
	status, first := put(body)
	if status != http.StatusOK {
		t.Fatal(status, first)
	}
	if status, again := put(body); status != http.StatusOK || again != first {
		t.Errorf("again: %d %s, first %s", status, again, first)
	}
	if status, _ := put(body[:len(body)-1] + `,"x":1}`); status != http.StatusBadRequest {
		t.Errorf("an unknown field: %d", status)
	}
	reader, err := kgo.NewClient(kgo.SeedBrokers(f.settings.Brokers...), kgo.ConsumeTopics(top.Overrides.Name), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	f.check(err)
	defer reader.Close()
	for r := range reader.PollFetches(t.Context()).RecordsAll() {
		i, err := top.Overrides.Codec.Decode(r.Value)
		f.check(err)
		if string(r.Key) != "upi" || i.Freeze == nil || i.Freeze.Reason != "sale" || i.Freeze.Actor != "backend" || r.Partition != stream.Partition([]byte("upi"), 3) {
			t.Errorf("%s %+v in %d", r.Key, i, r.Partition)
		}
	}
}
