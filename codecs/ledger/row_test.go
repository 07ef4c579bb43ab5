package ledger_test

import (
	"encoding/hex"
	"testing"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/codecs/codectest"
	ledgercodec "github.com/millrace/millrace/codecs/ledger"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
)

func ledgerOrigin() payment.Origin {
	return payment.Origin{Topic: "payments", Partition: 3, Offset: 42, Timestamp: 1_772_359_201_000, Key: []byte("k")}
}

func ledgerPosting() *ledger.Posting {
	return &ledger.Posting{
		Facts: codectest.Facts(), Origin: ledgerOrigin(), Kind: ledger.PaymentReversed, EventID: "e2", Seq: 2,
		NetBefore: 12550, NetAfter: 550, At: 1_772_359_201_250, Cause: reversalCause(),
	}
}

// reversalCause names nothing but what a reversal must.
func reversalCause() ledger.Cause {
	return ledger.Cause{
		Facts: payment.Facts{
			TransactionID: "t1", UserID: "u1", AmountMinor: 12000, Currency: "INR",
			Mode: payment.Unknown, Instrument: payment.Unknown, Gateway: payment.Unknown, CreatedAt: 1_772_359_201_250,
		},
		ID: "e2", Type: payment.Reversal, ReversalID: "r1", Status: payment.Success, UpdatedAt: 1_772_359_201_250,
	}
}

func failedCause() ledger.Cause {
	return ledger.Cause{
		Facts: codectest.Facts(), ID: "e1", Type: payment.Payment, Status: payment.Failed, Decline: payment.Business, DeclineCode: "51",
		LatencyMS: 840, UpdatedAt: 1_772_359_201_250,
	}
}

func ledgerAttempt() *ledger.Attempt {
	return &ledger.Attempt{
		Origin: ledgerOrigin(), TransactionID: "t1", Mode: "upi", Instrument: "sbi", Gateway: "razorpay",
		Outcome: ledger.FailedBusiness, At: 1_772_359_201_250, LatencyMS: 840, Cause: failedCause(),
	}
}

func ledgerLine() ledger.Line {
	return ledger.Line{
		Seq: 3, EventID: "e3", Type: payment.Reversal, Verdict: ledger.Rejected, Reason: payment.OverReversal,
		NetBefore: 550, NetAfter: 550, At: 1_772_359_201_250,
	}
}

func ledgerRow() *ledger.Row {
	return &ledger.Row{
		Facts: codectest.Facts(), Origin: ledgerOrigin(), Status: payment.Success, StatusAt: 1_772_359_201_250,
		Reversals: []ledger.Reversal{{ID: "r1", EventID: "e2", Status: payment.Success, At: 1_772_359_201_250, AmountMinor: 12000}},
		Events:    []ledger.Seen{{ID: "e1", Fingerprint: 0xfeedfacecafebeef}, {ID: "e2", Fingerprint: 1}},
		Journal:   []ledger.Line{ledgerLine()}, JournalSeq: 3, PostingSeq: 2, LastAt: 1_772_359_201_250,
		Places: []ledger.Place{{Mode: "upi", Instrument: "sbi", Gateway: "razorpay", Attempted: true, TerminalAt: 1_772_359_201_250}},
	}
}

// waitingRow has every field that ledgerRow leaves out.
func waitingRow() *ledger.Row {
	e := &payment.Event{
		Facts: codectest.Facts(), Origin: ledgerOrigin(), ID: "e9", Type: payment.Reversal, ReversalID: "r9", Status: payment.Success,
		UpdatedAt: 1_772_359_201_250, ReceivedAt: 1_772_359_201_300, HealthInstruments: []string{"sbi"}, Fingerprint: 9,
		Extra: []byte(`{"note":"kept"}`),
	}
	cause := failedCause()
	return &ledger.Row{
		Facts: codectest.Facts(), Origin: ledgerOrigin(), Status: payment.Pending, Waiting: []*payment.Event{e, e},
		Pending: []ledger.Pending{{Due: 1_772_359_501_250, Instruments: []string{"sbi", ""}, Cause: cause}},
		Places: []ledger.Place{
			{Mode: "upi", Instrument: "sbi", Gateway: "payu", TerminalAt: 1}, {AttemptID: "a1", Attempted: true}, {Mode: "upi", Gateway: "razorpay"},
		},
	}
}

// pendingRow is as the ledger leaves it: the cause's facts are the row's.
func pendingRow() *ledger.Row {
	cause := failedCause()
	cause.Status, cause.Decline, cause.DeclineCode = payment.Pending, payment.NoDecline, ""
	return &ledger.Row{
		Facts: codectest.Facts(), Origin: ledgerOrigin(), Status: payment.Pending,
		Places:  []ledger.Place{{Mode: "upi", Instrument: "sbi", Gateway: "razorpay"}},
		Pending: []ledger.Pending{{Due: 1_772_359_501_250, Instruments: []string{"sbi"}, Origin: ledgerOrigin(), Cause: cause}},
	}
}

const (
	goldenPendingRow = "020a4c0a02743112027531188cc4012203494e522a0375706932037362693a0872617a6f7270617942067377696767794a04666f6f64520b" +
		"0a0463617264120366616d52030a01785880b4b98d956712180a087061796d656e74731006185420d0c3b98d95672a016b18018201008a01" +
		"20088497de8d9567120373626922120a0265311001180140c4c7b98d956748900d"
	goldenPosting = "010a4c0a02743112027531188cc4012203494e522a0375706932037362693a0872617a6f7270617942067377696767794a04666f6f64520b" +
		"0a0463617264120366616d52030a01785880b4b98d956712180a087061796d656e74731006185420d0c3b98d95672a016b18022202653228" +
		"04308cc40138cc0840c4c7b98d95674a311002180328cb0838c4135207756e6b6e6f776e5a00620068017a0272319a0107756e6b6e6f776e" +
		"a20107756e6b6e6f776e"
	goldenAttempt = "010a180a087061796d656e74731006185420d0c3b98d95672a016b120274311a0375706922037362692a0872617a6f72706179300338c4c7" +
		"b98d956740900d4a420a0265311001180222027531288cc4013203494e5238c3135a067377696767796204666f6f646801720b0a04636172" +
		"64120366616d72030a01788001028a01023531"
	goldenRow = "020a4c0a02743112027531188cc4012203494e522a0375706932037362693a0872617a6f7270617942067377696767794a04666f6f64520b" +
		"0a0463617264120366616d52030a01785880b4b98d956712180a087061796d656e74731006185420d0c3b98d95672a016b180320c4c7b98d" +
		"95672a150a02723112026532180320c4c7b98d956728c0bb013a0d0a02653111efbefecacefaedfe3a0d0a02653211010000000000000042" +
		"26080612026533180220052a0d6f7665725f726576657273616c30cc0838cc0840c4c7b98d95674806500470c4c7b98d95678201022803"
)

func TestLedgerGolden(t *testing.T) {
	for _, c := range []struct {
		name, want string
		got        []byte
	}{
		{"posting", goldenPosting, codectest.RoundTrip(t, ledgercodec.Posting{}, ledgerPosting())},
		{"attempt", goldenAttempt, codectest.RoundTrip(t, ledgercodec.Attempt{}, ledgerAttempt())},
		{"row", goldenRow, codectest.RoundTrip(t, ledgercodec.Row{}, ledgerRow())},
		{"pending row", goldenPendingRow, codectest.RoundTrip(t, ledgercodec.Row{}, pendingRow())},
	} {
		if got := hex.EncodeToString(c.got); got != c.want {
			t.Errorf("%s: bytes changed; stored records would be misread. A new field is fine, then renew:\n%s", c.name, got)
		}
	}
	codectest.RoundTrip(t, ledgercodec.Row{}, waitingRow())
	codectest.RoundTrip(t, ledgercodec.Row{}, &ledger.Row{})
}

func TestJournalEntryGolden(t *testing.T) {
	e := &ledger.JournalEntry{Line: ledgerLine(), TransactionID: "t1", UserID: "u1", Currency: "INR"}
	const want = `{"transaction_id":"t1","user_id":"u1","currency":"INR","seq":3,"event_id":"e3","type":"reversal","verdict":"rejected",` +
		`"reason":"over_reversal","net_before":550,"net_after":550,"at":"2026-03-01T10:00:01.250Z"}`
	if got := string(codectest.RoundTrip(t, ledgercodec.JournalEntry{}, e)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, bad := range []string{``, `{}`, `[]`, `{"type":"payment","verdict":"lost"}`, `{"type":"gift","verdict":"applied"}`} {
		if _, err := (ledgercodec.JournalEntry{}).Decode([]byte(bad)); err == nil {
			t.Errorf("decoded %s", bad)
		}
	}
}

func TestLedgerRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		codectest.RoundTrip(t, ledgercodec.Posting{}, &ledger.Posting{
			Facts: drawFacts(t), Origin: drawOrigin(t), Kind: ledger.PostingKind(rapid.Byte().Draw(t, "kind")),
			EventID: drawText(t), Seq: rapid.Int64().Draw(t, "seq"), NetBefore: rapid.Int64().Draw(t, "before"),
			NetAfter: rapid.Int64().Draw(t, "after"), At: drawTime(t), Cause: drawCause(t),
		})
		codectest.RoundTrip(t, ledgercodec.Attempt{}, &ledger.Attempt{
			Origin: drawOrigin(t), TransactionID: drawText(t), Mode: drawText(t), Instrument: drawText(t), Gateway: drawText(t),
			Outcome: ledger.Outcome(rapid.Byte().Draw(t, "outcome")), At: drawTime(t), LatencyMS: rapid.Int64().Draw(t, "latency"),
			Cause: drawCause(t),
		})
		codectest.RoundTrip(t, ledgercodec.Row{}, drawRow(t))
	})
}

func drawText(t *rapid.T) string        { return rapid.String().Draw(t, "text") }
func drawTime(t *rapid.T) instant.Milli { return instant.Milli(rapid.Int64().Draw(t, "time")) }

// drawList draws up to three elements, nil rather than none.
func drawList[T any](t *rapid.T, draw func(*rapid.T) T) []T {
	var list []T
	for range rapid.IntRange(0, 3).Draw(t, "length") {
		list = append(list, draw(t))
	}
	return list
}

func drawFacts(t *rapid.T) payment.Facts {
	return payment.Facts{
		TransactionID: drawText(t), UserID: drawText(t), AmountMinor: rapid.Int64().Draw(t, "amount"), Currency: drawText(t),
		Mode: drawText(t), Instrument: drawText(t), Gateway: drawText(t), Labels: payment.Labels{payment.Merchant: drawText(t), payment.Category: drawText(t)},
		Attributes: drawList(t, func(t *rapid.T) payment.Attribute { return payment.Attribute{Key: drawText(t), Value: drawText(t)} }),
		CreatedAt:  drawTime(t),
	}
}

func drawOrigin(t *rapid.T) payment.Origin {
	o := payment.Origin{
		Topic: drawText(t), Partition: rapid.Int32().Draw(t, "partition"), Offset: rapid.Int64().Draw(t, "offset"), Timestamp: drawTime(t),
	}
	if key := drawText(t); key != "" {
		o.Key = []byte(key)
	}
	return o
}

func drawRow(t *rapid.T) *ledger.Row {
	status := func() payment.Status { return payment.Status(rapid.Byte().Draw(t, "status")) }
	return &ledger.Row{
		Facts: drawFacts(t), Origin: drawOrigin(t), Status: status(), StatusAt: drawTime(t),
		Reversals: drawList(t, func(t *rapid.T) ledger.Reversal {
			return ledger.Reversal{ID: drawText(t), EventID: drawText(t), Status: status(), At: drawTime(t), AmountMinor: rapid.Int64().Draw(t, "amount")}
		}),
		Waiting: drawList(t, func(t *rapid.T) *payment.Event {
			return &payment.Event{Facts: drawFacts(t), Origin: drawOrigin(t), ID: drawText(t), UpdatedAt: drawTime(t), ReversalID: drawText(t)}
		}),
		Events: drawList(t, func(t *rapid.T) ledger.Seen {
			return ledger.Seen{ID: drawText(t), Fingerprint: rapid.Uint64().Draw(t, "fingerprint")}
		}),
		Journal: drawList(t, func(t *rapid.T) ledger.Line {
			return ledger.Line{
				Seq: rapid.Int64().Draw(t, "seq"), EventID: drawText(t), Type: payment.Type(rapid.Byte().Draw(t, "type")),
				Verdict: ledger.Verdict(rapid.Byte().Draw(t, "verdict")), Reason: payment.Reason(drawText(t)),
				NetBefore: rapid.Int64().Draw(t, "before"), NetAfter: rapid.Int64().Draw(t, "after"), At: drawTime(t),
			}
		}),
		JournalSeq: rapid.Int64().Draw(t, "seq"), PostingSeq: rapid.Int64().Draw(t, "seq"), LastAt: drawTime(t),
		Places: drawList(t, func(t *rapid.T) ledger.Place {
			return ledger.Place{
				AttemptID: drawText(t), Mode: drawText(t), Instrument: drawText(t), Gateway: drawText(t),
				Attempted: rapid.Bool().Draw(t, "attempted"), TerminalAt: drawTime(t),
			}
		}),
		Pending: drawList(t, func(t *rapid.T) ledger.Pending {
			return ledger.Pending{Due: drawTime(t), Instruments: drawList(t, drawText), Origin: drawOrigin(t), Cause: drawCause(t)}
		}),
	}
}

func drawCause(t *rapid.T) ledger.Cause {
	return ledger.Cause{
		Facts: drawFacts(t), ID: drawText(t), Type: payment.Type(rapid.Byte().Draw(t, "type")), ReversalID: drawText(t), AttemptID: drawText(t),
		Status: payment.Status(rapid.Byte().Draw(t, "status")), Decline: payment.Decline(rapid.Byte().Draw(t, "decline")),
		DeclineCode: drawText(t), LatencyMS: rapid.Int64().Draw(t, "latency"), UpdatedAt: drawTime(t),
	}
}

// fuzz checks that a decoder survives anything, and that what it takes it also writes and reads again.
func fuzz[T any](f *testing.F, codec codectest.Binary[T], seeds ...T) {
	for _, v := range seeds {
		b, err := codec.Encode(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := codec.Decode(b)
		if err == nil {
			codectest.RoundTrip(t, codec, v)
		}
	})
}

func FuzzPosting(f *testing.F) {
	fuzz(f, ledgercodec.Posting{}, ledgerPosting(), &ledger.Posting{})
}

func FuzzAttempt(f *testing.F) {
	fuzz(f, ledgercodec.Attempt{}, ledgerAttempt(), &ledger.Attempt{})
}

func FuzzLedgerRow(f *testing.F) {
	fuzz(f, ledgercodec.Row{}, ledgerRow(), waitingRow(), &ledger.Row{})
}

func FuzzJournalEntry(f *testing.F) {
	fuzz(f, ledgercodec.JournalEntry{}, &ledger.JournalEntry{Line: ledgerLine(), TransactionID: "t1"})
}

// The row is decoded and encoded once an event: a change that allocates more should be noticed.
func TestLedgerRowAllocations(t *testing.T) {
	row := ledgerRow()
	raw, err := ledgercodec.Row{}.Encode(row)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = ledgercodec.Row{}.Encode(row) }); n > 4 {
		t.Errorf("encode allocates %.0f times, budget 4", n)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = ledgercodec.Row{}.Decode(raw) }); n > 10 {
		t.Errorf("decode allocates %.0f times, budget 10", n)
	}
}

func BenchmarkLedgerRowEncode(b *testing.B) {
	row := ledgerRow()
	b.ReportAllocs()
	for b.Loop() {
		_, _ = ledgercodec.Row{}.Encode(row)
	}
}

func BenchmarkLedgerRowDecode(b *testing.B) {
	raw, err := ledgercodec.Row{}.Encode(ledgerRow())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		_, _ = ledgercodec.Row{}.Decode(raw)
	}
}
