package campaign_test

import (
	"bytes"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/test/campaign"
	"github.com/millrace/millrace/views/signature"
	"github.com/millrace/millrace/worker/webhook"
)

// Every process of a deployment takes the settings, and workers find the provider by them. It counts effects by key,
// and no call twice.
func TestAProviderCountsEffectsByKey(t *testing.T) {
	p, err := campaign.StartProvider()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	file := filepath.Join(t.TempDir(), "millrace.yaml")
	if err := os.WriteFile(file, p.Settings(), 0o600); err != nil {
		t.Fatal(err)
	}
	settings, err := config.Load(config.Default(), file, nil)
	if err == nil {
		err = settings.Validate()
	}
	if err != nil {
		t.Fatal(err)
	}
	call := func(id, key string) {
		h := settings.Tasks.Worker.Handlers["tell"]
		body := []byte(`{"id":"` + id + `","kind":"tell","payload":{}}`)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set(webhook.IdempotencyHeader, key)
		if id != "unsigned" {
			req.Header.Set(signature.Header, "t=1,v1=00")
		}
		client := http.Client{Timeout: h.Timeout}
		if resp, err := client.Do(req); err == nil { // else it is one that gets no answer
			_ = resp.Body.Close()
		}
	}
	want := map[string][]string{"tell twice": {"twice"}, "tell two-keys": {"other", "two-keys"}}
	for i := range 5 { // one fails at most once
		call("twice", "twice")
		if i < 2 {
			continue
		}
		call("two-keys", "two-keys")
		call("two-keys", "other")
	}
	for i := range 40 {
		call("once-"+strconv.Itoa(i), "once-"+strconv.Itoa(i))
	}
	call("unsigned", "unsigned")
	got := p.Effects()
	once := len(got)
	maps.DeleteFunc(got, func(effect string, _ []string) bool { return want[effect] == nil })
	if !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%q", got)
	}
	if once -= len(want); once < 20 || once == 40 {
		t.Errorf("%d of 40 first calls had their effect: some must fail, and most not", once)
	}
	if p.Repeated() < 2 { // a client repeats a call whose connection broke
		t.Errorf("%d webhooks were repeated", p.Repeated())
	}
}
