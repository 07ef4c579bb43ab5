package model

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
)

// TestAgreesWithTheLedger runs random logs of a few transactions through the oracle and through the ledger's own
// decisions, without any Kafka in between: where the end-to-end test goes red, this tells whose fault it is.
func TestAgreesWithTheLedger(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fold, err := New()
		if err != nil {
			t.Fatal(err)
		}
		rows := map[string]*ledger.Row{}
		got := newResult()
		now := instant.Milli(0)
		fold.partitions[0] = newPartition()
		for i := range rapid.IntRange(1, 25).Draw(t, "events") {
			e := drawEvent(t, i)
			fold.event(e, 0, now)
			row, effects := ledger.Apply(rows[e.TransactionID], e, now, ledger.DefaultConfig())
			rows[e.TransactionID] = row
			carry(got, effects)
			now = max(now, e.UpdatedAt)
		}
		now += 1_000_000
		fold.partitions[0].watermark = now
		want := fold.Result()
		for id, row := range rows {
			row, effects := ledger.Due(row, now, ledger.DefaultConfig())
			carry(got, effects)
			if row != nil {
				got.Transactions[id] = rowState(row)
			}
		}
		want.Windows = nil // there is no health here
		if d := Compare(want, got); len(d) > 0 {
			t.Fatalf("wanted by the oracle, given by the ledger:\n%s", strings.Join(d, "\n"))
		}
	})
}

func drawEvent(t *rapid.T, offset int) *payment.Event {
	at := instant.Milli(rapid.IntRange(0, 8).Draw(t, "at")) * 60_000
	id := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"}).Draw(t, "id")
	amount := rapid.SampledFrom([]int64{40, 60, 100}).Draw(t, "amount")
	status := rapid.SampledFrom([]payment.Status{payment.Pending, payment.Failed, payment.Success, payment.Success}).Draw(t, "status")
	e := pay(id, status, 0, amount)
	if rapid.Bool().Draw(t, "reversal") {
		e = reverse(id, rapid.SampledFrom([]string{"r", "s", "q"}).Draw(t, "reversal_id"), status, 0, amount*int64(rapid.IntRange(0, 1).Draw(t, "said")))
	}
	e.UpdatedAt, e.CreatedAt = noon+at, noon+at
	e.TransactionID = rapid.SampledFrom([]string{"t", "u"}).Draw(t, "transaction")
	if rapid.IntRange(0, 9).Draw(t, "currency") == 0 {
		e.Currency = "USD"
	}
	if rapid.IntRange(0, 7).Draw(t, "user") == 0 {
		e.UserID = "v"
	}
	if rapid.Bool().Draw(t, "decline") && status == payment.Failed {
		e.Decline = payment.Business
	}
	e.Gateway = rapid.SampledFrom([]string{"razorpay", "payu"}).Draw(t, "gateway")
	e.AttemptID = rapid.SampledFrom([]string{"", "", "1", "2"}).Draw(t, "attempt")
	e.HealthInstruments = rapid.SampledFrom([][]string{{"sbi"}, {"sbi", "gpay"}}).Draw(t, "instruments")
	e.Fingerprint = uint64(rapid.IntRange(0, 3).Draw(t, "fingerprint")) / 3
	e.Origin = payment.Origin{Topic: "payments", Offset: int64(offset)}
	return &e
}

func carry(r *Result, effects []ledger.Effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case ledger.Posted:
			r.addPosting(e.Posting)
		case ledger.Attempted:
			r.addAttempt(e.Attempt)
		case ledger.Journalled:
			if e.Entry.Verdict == ledger.Duplicate {
				r.Duplicates[e.Entry.TransactionID]++
			}
		case ledger.Refused:
			o := e.Event.Origin
			r.DeadLetters[fmt.Sprintf("%s-%d-%d", o.Topic, o.Partition, o.Offset)] = string(e.Reason)
		}
	}
}
