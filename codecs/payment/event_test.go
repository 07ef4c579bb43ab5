package payment

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

func sampleEvent(t testing.TB) *payment.Event {
	t.Helper()
	in, err := Payments{}.Decode([]byte(strings.Replace(contractEvent, `"decline":""`, `"x":1`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	n, problem := payment.Normalise(in, paymentsOrigin(), payment.DefaultConfig())
	if problem != nil {
		t.Fatal(problem)
	}
	return n.Event
}

// The bytes of version 1 must stay readable for as long as transactions is kept (90 days) and longer: do not change
// them.
const goldenEvent = "010a056576745f3110011a0574786e5f3122057573725f31288cc4013203494e52380342037570694a03736269520872617a6f7270617958c4c7b98d9567" +
	"60c41368dc0b71441f86a6e1e3e1197a1c0a087061796d656e74731006185420a0d3b98d95672a0574786e5f318201037362698a0106737769676779920104" +
	"666f6f649a010f0a0463617264120766616d63617264a001900dc201077b2278223a317d"

func TestEventGolden(t *testing.T) {
	b, err := Event{}.Encode(sampleEvent(t))
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(b); got != goldenEvent {
		t.Errorf("got  %s\nwant %s", got, goldenEvent)
	}
	golden, err := hex.DecodeString(goldenEvent)
	if err != nil {
		t.Fatal(err)
	}
	e, err := Event{}.Decode(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sampleEvent(t), e); diff != "" {
		t.Error(diff)
	}
}

func drawEvent(t *rapid.T) *payment.Event {
	text := func(label string) string { return rapid.String().Draw(t, label) }
	milli := func(label string) instant.Milli { return instant.Milli(rapid.Int64Range(0, 1<<52).Draw(t, label)) }
	attribute := rapid.Custom(func(t *rapid.T) payment.Attribute {
		return payment.Attribute{Key: rapid.String().Draw(t, "key"), Value: rapid.String().Draw(t, "value")}
	})
	list := func(max int, label string) []string {
		s := rapid.SliceOfN(rapid.String(), 0, max).Draw(t, label)
		if len(s) == 0 {
			return nil
		}
		return s
	}
	e := &payment.Event{
		Facts: payment.Facts{
			TransactionID: text("transaction"), UserID: text("user"), AmountMinor: rapid.Int64().Draw(t, "amount"), Currency: text("currency"),
			Mode: text("mode"), Instrument: text("instrument"), Gateway: text("gateway"), Labels: payment.Labels{payment.Merchant: text("merchant"), payment.Category: text("category")},
			Attributes: rapid.SliceOfN(attribute, 0, 4).Draw(t, "attributes"), CreatedAt: milli("created"),
		},
		Origin: payment.Origin{
			Topic: text("topic"), Partition: rapid.Int32().Draw(t, "partition"), Offset: rapid.Int64().Draw(t, "offset"), Timestamp: milli("timestamp"),
			Key: []byte(text("origin key")),
		},
		ID: text("id"), Type: payment.Type(rapid.Uint8().Draw(t, "type")), ReversalID: text("reversal"), Status: payment.Status(rapid.Uint8().Draw(t, "status")),
		Decline: payment.Decline(rapid.Uint8().Draw(t, "decline")), LatencyMS: rapid.Int64().Draw(t, "latency"), UpdatedAt: milli("updated"),
		ReceivedAt: milli("received"), HealthInstruments: list(3, "instruments"), Fingerprint: rapid.Uint64().Draw(t, "fingerprint"),
		DeclineCode: text("code"), AttemptID: text("attempt"), Extra: []byte(text("extra")),
	}
	if len(e.Attributes) == 0 {
		e.Attributes = nil
	}
	if len(e.Origin.Key) == 0 {
		e.Origin.Key = nil
	}
	if len(e.Extra) == 0 {
		e.Extra = nil
	}
	return e
}

func TestEventRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawEvent(t)
		b, err := Event{}.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range [][]byte{b, append(bytes.Clone(b), 0xfa, 0x3f, 1, 'x')} { // field 1023 of a later writer
			back, err := Event{}.Decode(c)
			if err != nil {
				t.Fatal(err)
			}
			clear(c[1:]) // the event must not share memory with the record
			if diff := cmp.Diff(e, back); diff != "" {
				t.Fatalf("%d: %s", i, diff)
			}
		}
	})
}

func TestEventDamaged(t *testing.T) {
	b, err := Event{}.Encode(sampleEvent(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (Event{}).Decode(nil); !errors.Is(err, wire.ErrTruncated) {
		t.Errorf("empty: %v", err)
	}
	if _, err := (Event{}).Decode([]byte(contractEvent)); !errors.Is(err, wire.ErrVersion) {
		t.Errorf("JSON: %v", err)
	}
	if _, err := (Event{}).Decode(b[:len(b)-1]); !errors.Is(err, wire.ErrTruncated) {
		t.Errorf("cut: %v", err)
	}
	inside := []byte{EventVersion, 15<<3 | 2, 2, 8<<3 | 2, 9} // an origin whose own field is too long
	if _, err := (Event{}).Decode(inside); !errors.Is(err, wire.ErrTruncated) {
		t.Errorf("damaged inside: %v", err)
	}
}

// FuzzEvent: no bytes panic, and what was read is written so that it reads the same again.
func FuzzEvent(f *testing.F) {
	b, err := Event{}.Encode(sampleEvent(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte{})
	f.Add([]byte{EventVersion})
	f.Add([]byte(contractEvent))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := Event{}.Decode(b)
		if err != nil {
			return
		}
		again, err := Event{}.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Event{}.Decode(again)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e, back); diff != "" {
			t.Fatal(diff)
		}
	})
}

func BenchmarkEventEncode(b *testing.B) {
	e := sampleEvent(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (Event{}).Encode(e); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEventDecode(b *testing.B) {
	raw, err := Event{}.Encode(sampleEvent(b))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (Event{}).Decode(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNormalise(b *testing.B) {
	in, err := Payments{}.Decode([]byte(contractEvent))
	if err != nil {
		b.Fatal(err)
	}
	cfg := payment.DefaultConfig()
	b.ReportAllocs()
	for b.Loop() {
		if _, problem := payment.Normalise(in, paymentsOrigin(), cfg); problem != nil {
			b.Fatal(problem)
		}
	}
}
