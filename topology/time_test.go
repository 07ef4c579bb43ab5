package topology_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	ledgercodec "github.com/millrace/millrace/codecs/ledger"
	paymentcodec "github.com/millrace/millrace/codecs/payment"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
)

const day = 1_772_359_200_000 // 2026-03-01T10:00:00Z, in ms

// normalisation has settings under which an event counts for other instruments than its own.
func normalisation() payment.Config {
	cfg := payment.DefaultConfig()
	cfg.HealthInstruments = map[string][]string{"upi": {"instrument", "attributes.app"}}
	return cfg
}

// drawInput draws what a producer may send about one transaction, down to the fields that it leaves out.
func drawInput(t *rapid.T, n int) string {
	optional := func(name string, values ...string) string {
		value := rapid.SampledFrom(append(values, "")).Draw(t, name)
		if value == "" {
			return ""
		}
		return fmt.Sprintf(`"%s":%s,`, name, value)
	}
	millis := func(name string) string {
		return optional(name, fmt.Sprint(day+rapid.Int64Range(0, 400_000).Draw(t, name)), `"2026-03-01T10:00:00.007Z"`)
	}
	status := rapid.SampledFrom([]string{"pending", "failed", "success"}).Draw(t, "status")
	head := `"type":"payment",` + fmt.Sprintf(`"amount":%d,`, rapid.Int64Range(1, 500).Draw(t, "amount"))
	if rapid.Bool().Draw(t, "reversal") {
		head = `"type":"reversal",` + optional("amount", "1", "70") + optional("reversal_id", `"r1"`, `"r2"`)
	}
	return "{" + head + optional("mode", `"upi"`, `"wallet"`) + optional("instrument", `"SBI "`, `"a/b"`) + optional("gateway", `"payu"`) +
		optional("merchant", `"swiggy"`) + optional("category", `"food"`) +
		optional("decline", `"business"`, `"technical"`, `"odd"`) + optional("decline_code", `"51"`, `"u30"`, `"??"`) +
		optional("latency_ms", "840") + millis("created_at") + millis("updated_at") +
		optional("attributes", `{"app":"gpay","n":[1,{"a":"\""}],"none":null}`, `{}`, `{"b":"","a":true}`) + optional("note", `{"x":1}`) +
		fmt.Sprintf(`"id":"e\u0022%d","transaction_id":"t1","user_id":"u%d","currency":"INR","status":"%s"}`, n, rapid.IntRange(1, 2).Draw(t, "user"), status)
}

func normalise(t *rapid.T, raw []byte, origin payment.Origin) payment.Normalised {
	in, err := paymentcodec.Payments{}.Decode(raw)
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	n, problem := payment.Normalise(in, origin, normalisation())
	if problem != nil {
		t.Fatalf("%s: %v", raw, problem)
	}
	return n
}

// A dead letter past intake names the payments record, and replayed as it is gives the event that caused the record
// which could not be used. Its fields beyond the contract stay behind; times that intake took from the payments record
// are now the event's own, and count in the fingerprint.
func TestSourcesAreEvents(tt *testing.T) {
	top := topology.New(topology.DefaultConfig())
	rapid.Check(tt, func(t *rapid.T) {
		var row *ledger.Row
		events := map[int64]payment.Normalised{}
		for i := range rapid.IntRange(1, 12).Draw(t, "events") {
			origin := payment.Origin{Topic: "payments", Partition: 3, Offset: int64(i), Timestamp: instant.Milli(day + 400_000), Key: []byte("k")}
			n := normalise(t, []byte(drawInput(t, i)), origin)
			events[int64(i)] = n
			var effects []ledger.Effect
			watermark := instant.Milli(rapid.Int64Range(day, day+800_000).Draw(t, "watermark"))
			row, effects = ledger.Apply(row, n.Event, watermark, ledger.DefaultConfig())
			row = through(t, ledgercodec.Row{}, row)
			for _, effect := range effects {
				switch e := effect.(type) {
				case ledger.Posted:
					p := through(t, ledgercodec.Posting{}, e.Posting)
					if e := p.Event(); e.ID != p.EventID || e.UpdatedAt != p.At {
						t.Fatalf("posting of %s at %v has the cause %+v", p.EventID, p.At, e)
					}
					checkSource(t, top.Postings, p, events)
				case ledger.Attempted:
					checkSource(t, top.Attempts, through(t, ledgercodec.Attempt{}, e.Attempt), events)
				}
			}
		}
	})
}

type codec[T any] interface {
	Encode(T) ([]byte, error)
	Decode([]byte) (T, error)
}

// through returns v as its reader sees it.
func through[T any](t *rapid.T, c codec[T], v T) T {
	raw, err := c.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	back, err := c.Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	return back
}

func checkSource[T any](t *rapid.T, topic stream.Topic[T], v T, events map[int64]payment.Normalised) {
	from, raw := topic.Source(v)
	n, known := events[from.Offset]
	if !known {
		t.Fatalf("%s: no event came from %v", topic.Name, from)
	}
	if diff := cmp.Diff(topology.Coordinates(n.Event.Origin), from); diff != "" {
		t.Fatalf("%s (-event +source):\n%s", topic.Name, diff)
	}
	got, want := *normalise(t, raw, n.Event.Origin).Event, *n.Event
	want.Extra = nil
	if n.TimeFallback {
		want.Fingerprint = got.Fingerprint
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s: %s\n(-event +replayed):\n%s", topic.Name, raw, diff)
	}
}
