package model

import (
	"fmt"
	"slices"

	healthcodec "github.com/millrace/millrace/codecs/health"
	ledgercodec "github.com/millrace/millrace/codecs/ledger"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/oracle"
)

// Observed gathers what the pipeline's tables and topics hold. Feed it the records of each, as a read_committed reader
// sees them, in the order of each partition; a tombstone has a nil value. Then take Result.
type Observed struct {
	result    *Result
	rows      map[string]*ledger.Row
	users     map[string]*mission.UserRow
	finals    map[Window]int
	revisions map[Window]int64
	unbroken  *continuity
	problems  []string
}

// NewObserved returns an Observed that has seen nothing.
func NewObserved() *Observed {
	return &Observed{
		result: newResult(), rows: map[string]*ledger.Row{}, users: map[string]*mission.UserRow{},
		finals: map[Window]int{}, revisions: map[Window]int64{}, unbroken: newContinuity(),
	}
}

func (o *Observed) problem(format string, args ...any) {
	o.problems = append(o.problems, fmt.Sprintf(format, args...))
}

// LedgerRow takes a record of the ledger's table.
func (o *Observed) LedgerRow(key string, value []byte) error {
	if value == nil {
		delete(o.rows, key)
		return nil
	}
	row, err := ledgercodec.Row{}.Decode(value)
	o.rows[key] = row
	return err
}

// UserRow takes a record of the progress table.
func (o *Observed) UserRow(key string, value []byte) error {
	if value == nil {
		delete(o.users, key)
		return nil
	}
	row, err := missioncodec.UserRow{}.Decode(value)
	o.users[key] = row
	return err
}

// Posting takes a record of postings.
func (o *Observed) Posting(value []byte) error {
	p, err := ledgercodec.Posting{}.Decode(value)
	if err == nil {
		o.result.addPosting(p)
	}
	return err
}

// JournalEntry takes a record of the ledger journal.
func (o *Observed) JournalEntry(value []byte) error {
	e, err := ledgercodec.JournalEntry{}.Decode(value)
	if err == nil && e.Verdict == ledger.Duplicate {
		o.result.Duplicates[e.TransactionID]++
	}
	return err
}

// Attempt takes a record of attempts.
func (o *Observed) Attempt(value []byte) error {
	a, err := ledgercodec.Attempt{}.Decode(value)
	if err != nil {
		return err
	}
	if !o.result.addAttempt(a) {
		o.problem("attempt %s %s: a second one", a.TransactionID, a.Instrument)
	}
	return nil
}

// DeadLetter takes a record of the dead letters by its key and reason.
func (o *Observed) DeadLetter(id, reason string) {
	if _, twice := o.result.DeadLetters[id]; twice {
		o.problem("dead letter %s: filed twice", id)
	}
	o.result.DeadLetters[id] = reason
}

// Outcome takes a record of outcomes.
func (o *Observed) Outcome(value []byte) error {
	c, err := missioncodec.Outcome{}.Decode(value)
	if err != nil {
		return err
	}
	key := oracle.ProgressKey{User: c.UserID, Mission: c.Mission, Version: c.Version, Start: c.WindowStart}
	p := o.result.Progress[key]
	// An iteration is won before it is lost, and iterations are won upwards and lost downwards.
	want := p.Outcomes + 1
	if c.Kind == mission.Completed {
		p.Outcomes++
	} else {
		want = p.Outcomes
		p.Outcomes--
	}
	if c.Iteration != want {
		o.problem("outcome %v: iteration %d %s, want %d", key, c.Iteration, c.Kind, want)
	}
	o.result.Progress[key] = p
	return nil
}

// Window takes a record of health-windows (final) or of health-corrections. Empty windows say that nothing happened and
// are not compared; that none of them is missing is looked at in the end.
func (o *Observed) Window(value []byte, final bool) error {
	r, err := healthcodec.WindowRecord{}.Decode(value)
	if err != nil {
		return err
	}
	w, p := windowOf(r), period{r.Start, r.End}
	if r.Silent {
		if !final || !o.unbroken.silence(series{r.Mode, r.Instrument, r.Gateway}, p) {
			o.problem("silence %v: twice, or on the wrong topic", w)
		}
		return nil
	}
	if final {
		o.unbroken.final(series{r.Mode, r.Instrument, r.Gateway}, p)
		if o.finals[w]++; o.finals[w] > 1 {
			o.problem("window %v: %d finals", w, o.finals[w])
		}
	}
	if final != (r.Revision == 0) {
		o.problem("window %v: revision %d on the wrong topic", w, r.Revision)
	}
	if last, seen := o.revisions[w]; seen && r.Revision < last {
		return nil
	} else if seen && r.Revision == last && !final {
		o.problem("window %v: revision %d twice", w, r.Revision)
	}
	o.revisions[w] = r.Revision
	if r.Samples > 0 {
		o.result.Windows[w] = Counts{r.Counts[ledger.Succeeded], r.Counts[ledger.FailedTechnical],
			r.Counts[ledger.FailedBusiness], r.Counts[ledger.TimedOut]}
	}
	return nil
}

func windowOf(r *health.WindowRecord) Window { return Window{r.Mode, r.Instrument, r.Gateway, r.Start} }

// Result returns what was observed and what is wrong with it in itself: doubled attempts, dead letters, finals or
// revisions.
func (o *Observed) Result() (*Result, []string) {
	for id, row := range o.rows {
		o.result.Transactions[id] = rowState(row)
	}
	for user, row := range o.users {
		for key, stands := range oracle.ProgressOf(user, row) {
			p := o.result.Progress[key]
			p.Progress, p.Completions = stands.Progress, stands.Completions
			o.result.Progress[key] = p
		}
	}
	for key, p := range o.result.Progress {
		if p == (oracle.Progress{}) {
			delete(o.result.Progress, key)
		}
	}
	problems := append(o.unbroken.problems(), o.problems...)
	slices.Sort(problems)
	return o.result, problems
}

func rowState(row *ledger.Row) Transaction {
	t := Transaction{Status: row.Status.String(), Reversed: row.Reversed(), Net: row.Net(), Waiting: len(row.Waiting)}
	if row.Settled() {
		t.Settled = row.AmountMinor()
	}
	return t
}

func (r *Result) addPosting(p *ledger.Posting) {
	kind := map[ledger.PostingKind]string{
		ledger.PaymentSettled: "settled", ledger.PaymentReversed: "reversed", ledger.ReversalReturned: "returned",
	}[p.Kind]
	r.Postings[p.TransactionID] = append(r.Postings[p.TransactionID], Posting{
		Kind: kind, EventID: p.EventID, User: p.UserID, Currency: p.Currency, Before: p.NetBefore, After: p.NetAfter,
	})
}

// addAttempt returns false if there is one already.
func (r *Result) addAttempt(a *ledger.Attempt) bool {
	key := attemptKey(a.TransactionID, a.Cause.AttemptID, a.Mode, a.Instrument, a.Gateway)
	_, twice := r.Attempts[key]
	r.Attempts[key] = Attempt{a.Outcome.String(), a.At, a.Mode, a.Gateway}
	return !twice
}
