package server

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/stream"
	paymentviews "github.com/millrace/millrace/views/payment"
	"github.com/millrace/millrace/views/signature"
)

// Events handed in over HTTP stand in the payments topic, byte by byte, by transaction id and in order.
func TestRelayedEventsReachTheTopic(t *testing.T) {
	f := newFixture(t)
	_, err := kadm.NewClient(f.client).CreateTopics(t.Context(), 3, 1, nil, f.topology.Payments.Name)
	f.check(err)
	secret := filepath.Join(t.TempDir(), "bank")
	f.check(os.WriteFile(secret, []byte("0123456789abcdef\n"), 0o600))
	f.settings.Relay.Sources = map[string]config.Source{"bank": {SecretFile: secret}}
	s := f.serve()
	call := func(body string, header ...string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.Addr().String()+"/v1/events", strings.NewReader(body))
		f.check(err)
		r.Header.Set("Content-Type", "application/json")
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		resp, err := http.DefaultClient.Do(r)
		f.check(err)
		defer func() { _ = resp.Body.Close() }()
		raw, err := io.ReadAll(resp.Body)
		f.check(err)
		if resp.StatusCode == http.StatusAccepted && !bytes.Contains(raw, []byte(`"rejected":0`)) {
			t.Errorf("%s", raw)
		}
		return resp.StatusCode
	}
	event := func(n, key int) string {
		return fmt.Sprintf(`{ "type":"payment","id":"e%d","transaction_id":"t%d","user_id":"u","amount":100,"currency":"INR","status":"success"}`, n, key)
	}
	want := map[string][]string{}
	for batch := range 5 {
		var events []string
		for i := range 100 {
			n := batch*100 + i
			e := event(n, n%7)
			events = append(events, e)
			want[fmt.Sprint("t", n%7)] = append(want[fmt.Sprint("t", n%7)], e)
		}
		body := `{"events":[` + strings.Join(events, ",") + `]}`
		header := []string{"Authorization", "Bearer " + f.bearer}
		if batch%2 == 1 {
			header = []string{signature.Header, signature.Sign([]byte("0123456789abcdef"), time.Now(), []byte(body)), signature.SourceHeader, "bank"}
		}
		if status := call(body, header...); status != http.StatusAccepted {
			t.Fatalf("batch %d: %d", batch, status)
		}
	}
	if status := call(event(1, 1)); status != http.StatusUnauthorized {
		t.Errorf("unsigned: %d", status)
	}
	const clock = `{"type":"clock","at":"2026-03-01T10:00:00Z"}`
	if status := call(clock, "Authorization", "Bearer "+f.bearer); status != http.StatusAccepted {
		t.Errorf("a clock: %d", status)
	}
	got, clocks := map[string][]string{}, map[int32]string{}
	reader, err := kgo.NewClient(kgo.SeedBrokers(f.settings.Brokers...), kgo.ConsumeTopics(f.topology.Payments.Name))
	f.check(err)
	defer reader.Close()
	for n := 0; n < 503; {
		for r := range reader.PollFetches(t.Context()).RecordsAll() {
			n++
			if r.Key == nil {
				clocks[r.Partition] = string(r.Value)
				continue
			}
			got[string(r.Key)] = append(got[string(r.Key)], string(r.Value))
			if r.Partition != stream.Partition(r.Key, 3) {
				t.Errorf("%s is in partition %d", r.Key, r.Partition)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[int32]string{0: clock, 1: clock, 2: clock}, clocks); diff != "" {
		t.Error(diff)
	}
}

func TestSendReturnsWithItsContext(t *testing.T) {
	f := newFixture(t)
	away := f.settings
	away.Brokers = []string{"127.0.0.1:1"}
	p, err := newPayments(away.Client(), f.topology)
	f.check(err)
	defer p.client.Close()
	ctx, cancel := context.WithCancel(t.Context())
	sent := make(chan error)
	go func() { sent <- p.Send(ctx, []paymentviews.PaymentEvent{{Key: "t1", Value: []byte("{}")}}) }()
	cancel()
	if err := <-sent; err == nil {
		t.Error("sent to nobody")
	}
}
