package deadletter

import (
	"encoding/hex"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/deadletter"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/verdict"
)

func sampleDeadLetterRow() *deadletter.Row {
	letter := deadletter.Letter{
		Reason: payment.OverReversal, Detail: "more than remains", Group: "ledger",
		Source:    payment.Origin{Topic: "payments", Partition: 3, Offset: 42, Timestamp: 1772359202000},
		Partition: 1, Offset: 7, At: 1772359203000, SizeBytes: 300, FullSizeBytes: 0,
	}
	older := letter
	older.Reason, older.Group, older.FullSizeBytes = payment.Malformed, "intake", 2_000_000
	return &deadletter.Row{Letter: letter, State: deadletter.Open, Earlier: []deadletter.Letter{older}}
}

// The bytes of version 1: they lie in changelogs.
const goldenDeadLetterRow = "010801124d0a0d6f7665725f726576657273616c12116d6f7265207468616e2072656d61696e731a066c656467657222087061796d656e7473" +
	"2806305438a0d3b98d95674002480e50f0e2b98d956758d8041a4e0a096d616c666f726d656412116d6f7265207468616e2072656d61696e731a06696e7461" +
	"6b6522087061796d656e74732806305438a0d3b98d95674002480e50f0e2b98d956758d804608092f401"

func TestDeadLetterRowGolden(t *testing.T) {
	b, err := Row{}.Encode(sampleDeadLetterRow())
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(b); got != goldenDeadLetterRow {
		t.Errorf("got  %s\nwant %s", got, goldenDeadLetterRow)
	}
	row, err := Row{}.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sampleDeadLetterRow(), row); diff != "" {
		t.Error(diff)
	}
}

func TestDeadLetterRowRoundTrip(t *testing.T) {
	letter := rapid.Custom(func(t *rapid.T) deadletter.Letter {
		text, number := rapid.String(), rapid.Int64()
		return deadletter.Letter{
			Reason: payment.Reason(text.Draw(t, "reason")), Detail: text.Draw(t, "detail"), Group: text.Draw(t, "group"),
			Source: payment.Origin{
				Topic: text.Draw(t, "topic"), Partition: rapid.Int32().Draw(t, "source partition"), Offset: number.Draw(t, "source offset"),
				Timestamp: instant.Milli(number.Draw(t, "timestamp")), DeadLetter: text.Draw(t, "replay of"),
			},
			Partition: rapid.Int32().Draw(t, "partition"), Offset: number.Draw(t, "offset"), At: instant.Milli(number.Draw(t, "at")),
			SizeBytes: number.Draw(t, "size"), FullSizeBytes: number.Draw(t, "full size"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		row := &deadletter.Row{Letter: letter.Draw(t, "letter"), State: deadletter.Open, Earlier: rapid.SliceOfN(letter, 1, 3).Draw(t, "earlier")}
		if rapid.Bool().Draw(t, "decided") {
			text := rapid.String()
			row.State = deadletter.Replayed
			row.Decision = &deadletter.Decision{
				Op: deadletter.Op(text.Draw(t, "op")), Actor: text.Draw(t, "actor"), Role: text.Draw(t, "role"), Reason: text.Draw(t, "why"),
				At: instant.Milli(rapid.Int64().Draw(t, "decided at")), Edited: rapid.Bool().Draw(t, "edited"),
			}
			row.Verdicts = verdict.List{{CommandID: text.Draw(t, "command"), Result: verdict.Refused, Problems: problem.One("/x", "invalid_field", "d"), At: 5}}
		}
		b, err := Row{}.Encode(row)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Row{}.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(row, back); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzDeadLetterRow(f *testing.F) {
	b, err := Row{}.Encode(sampleDeadLetterRow())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte{})
	f.Add([]byte{deadLetterVersion, 2<<3 | 2, 5})
	f.Fuzz(func(t *testing.T, b []byte) {
		row, err := Row{}.Decode(b)
		if err != nil {
			return
		}
		again, err := Row{}.Encode(row)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Row{}.Decode(again)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(row, back); diff != "" {
			t.Fatal(diff)
		}
	})
}
