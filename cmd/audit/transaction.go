package audit

import (
	"fmt"

	"github.com/millrace/millrace/codecs"
	"github.com/millrace/millrace/domain/erasure"
	"github.com/millrace/millrace/domain/ledger"
)

// transactions is the book of the ledger: by transaction, what its row says, what its postings add up to, and what its journal ends
// with.
type transactions struct {
	whole      bool // postings and journal are read from their first record on
	retention  int64
	accounts   map[string]*account
	touched    map[string]bool
	currencies map[string]bool // of all postings
	settled    map[int32]int64 // the ledger's event time by partition, as its table says
}

type account struct {
	place    string // of the row, or of the last posting
	currency string

	row        bool
	net, seq   int64 // of the row
	lines      int64 // journal lines, as the row says
	last       int64 // event time of its last event
	must       bool  // the row's last posting must have been seen
	deletedAt  int64 // event time at which the row was deleted before its time; 0: it was not
	forgotten  bool  // its user was erased
	unposted   bool  // the net changed without a posting
	posted     bool
	user       string // of the last posting
	postedNet  int64
	postedSeq  int64
	broken     string // what is wrong with the chain of postings
	journalled bool
	journalNet int64
	journalSeq int64
}

func newTransactions(retention int64, whole bool) *transactions {
	return &transactions{
		whole: whole, retention: retention, accounts: map[string]*account{}, touched: map[string]bool{}, currencies: map[string]bool{},
		settled: map[int32]int64{},
	}
}

func (b *transactions) of(id string) *account {
	a := b.accounts[id]
	if a == nil {
		a = &account{}
		b.accounts[id] = a
	}
	b.touched[id] = true
	return a
}

func (b *transactions) takeRow(partition int32, place, id string, value []byte) error {
	if value == nil {
		b.deleteRow(partition, id)
		return nil
	}
	row, err := codecs.LedgerRow{}.Decode(value)
	if err != nil {
		return fmt.Errorf("%s: %w", place, err)
	}
	a := b.of(id)
	net := row.Net()
	if a.row {
		a.must = a.must || row.PostingSeq > a.seq
		a.unposted = row.PostingSeq == a.seq && net != a.net
	}
	a.must = a.must || b.whole && row.PostingSeq > 0
	a.row, a.net, a.seq, a.lines, a.place = true, net, row.PostingSeq, row.JournalSeq, place
	a.last, a.deletedAt, a.currency, a.forgotten = int64(row.LastAt), 0, row.Currency(), row.UserID() == erasure.Nobody
	return nil
}

// deleteRow forgets a transaction, unless its row went before the retention was over.
func (b *transactions) deleteRow(partition int32, id string) {
	a := b.accounts[id]
	if a == nil {
		return
	}
	if at := b.settled[partition]; a.row && a.last >= at-b.retention {
		b.of(id).deletedAt = max(at, 1)
		return
	}
	delete(b.accounts, id)
	delete(b.touched, id)
}

func (b *transactions) takePosting(place string, value []byte) (*ledger.Posting, error) {
	p, err := codecs.Posting{}.Decode(value)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", place, err)
	}
	a := b.of(p.TransactionID)
	elsewhere := a.posted && p.UserID != a.user // its user was erased meanwhile: later postings are in nobody's partition
	switch {
	case elsewhere && p.Seq < a.postedSeq:
		return p, nil
	case elsewhere:
	case a.posted && p.Seq != a.postedSeq+1:
		a.broken = fmt.Sprintf("posting %d comes after posting %d (%s)", p.Seq, a.postedSeq, place)
	case a.posted && p.NetBefore != a.postedNet:
		a.broken = fmt.Sprintf("posting %d begins at %d, the one before ends at %d (%s)", p.Seq, p.NetBefore, a.postedNet, place)
	case !a.posted && b.whole && p.UserID != erasure.Nobody && (p.Seq != 1 || p.NetBefore != 0):
		a.broken = fmt.Sprintf("its first posting is number %d, from %d (%s)", p.Seq, p.NetBefore, place)
	}
	b.currencies[p.Currency] = true
	a.posted, a.postedNet, a.postedSeq, a.currency, a.user = true, p.NetAfter, p.Seq, p.Currency, p.UserID
	if !a.row {
		a.place = place
	}
	return p, nil
}

func (b *transactions) takeLine(place, id string, value []byte) error {
	if value == nil { // the transaction was erased from the journal
		a := b.of(id)
		a.journalled, a.journalSeq, a.journalNet = false, 0, 0
		return nil
	}
	e, err := codecs.JournalEntry{}.Decode(value)
	if err != nil {
		return fmt.Errorf("%s: %w", place, err)
	}
	if e.Seq == 0 { // refused, and no row to count in
		return nil
	}
	a := b.of(e.TransactionID)
	a.journalled, a.journalSeq, a.journalNet = true, e.Seq, e.NetAfter
	return nil
}

// open returns what does not agree, and forgets what does where memory is bounded.
func (b *transactions) open(most int) []difference {
	var out []difference
	for id := range b.touched {
		found := b.accounts[id].differences(id, b.whole)
		if len(found) == 0 {
			delete(b.touched, id)
		}
		out = append(out, found...)
	}
	if most > 0 && len(b.accounts) > most+len(b.touched) {
		for id := range b.accounts {
			if !b.touched[id] {
				delete(b.accounts, id)
			}
		}
		b.whole = false // of those that were dropped the beginning is not known any more
	}
	return out
}

func (a *account) differences(id string, whole bool) []difference {
	var out []difference
	add := func(check, what string, minor int64) {
		out = append(out, difference{
			check: check, key: id + "\x00" + check, place: a.place, currency: a.currency, minor: minor,
			state: fmt.Sprint(a.net, a.seq, a.lines, a.postedNet, a.postedSeq, a.journalNet, a.journalSeq, a.deletedAt, a.broken),
			text:  fmt.Sprintf("transaction %s (%s): %s", id, a.place, what),
		})
	}
	switch {
	case a.deletedAt > 0:
		add(Conservation, fmt.Sprintf("its row with %d %s was deleted before the retention was over", a.net, a.currency), a.net)
	case a.broken != "":
		add(Conservation, a.broken, a.net-a.postedNet)
	case a.unposted && !a.posted:
		add(Conservation, fmt.Sprintf("its row changed to %d %s without a posting", a.net, a.currency), a.net)
	case a.posted && !a.row && whole:
		add(Conservation, fmt.Sprintf("its postings add up to %d %s, and it has no row", a.postedNet, a.currency), a.postedNet)
	case a.row && a.must && !a.posted:
		add(Conservation, fmt.Sprintf("its row has %d %s after %d postings, and none is there", a.net, a.currency, a.seq), a.net)
	case a.row && a.posted && (a.net != a.postedNet || a.seq != a.postedSeq):
		add(Conservation, fmt.Sprintf("its row has %d %s after %d postings, %d postings add up to %d", a.net, a.currency, a.seq, a.postedSeq, a.postedNet),
			a.net-a.postedNet)
	}
	switch {
	case !a.row || a.deletedAt > 0:
	case a.journalled && (a.journalNet != a.net || a.journalSeq != a.lines):
		add(Journal, fmt.Sprintf("its row has %d %s after %d journal lines, line %d of the journal ends at %d", a.net, a.currency, a.lines, a.journalSeq, a.journalNet), 0)
	case !a.journalled && whole && a.lines > 0 && !a.forgotten:
		add(Journal, fmt.Sprintf("its row counts %d journal lines, and none is there", a.lines), 0)
	}
	return out
}

func more(n int) string { return fmt.Sprintf("and %d more", n) }
