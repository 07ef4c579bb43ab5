package audit

import (
	"fmt"
	"math"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	ledgercodec "github.com/millrace/millrace/codecs/ledger"
	"github.com/millrace/millrace/domain/erasure"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/stream"
)

// transactions is the book of the ledger: by transaction, what its row says, what its postings add up to, and what its
// journal ends with. ADR 21 says what it makes of those whose row is gone.
type transactions struct {
	whole      bool // postings and journal are read from their first record on
	retention  int64
	partitions int32
	accounts   map[string]*account
	touched    map[string]bool
	currencies map[string]bool           // of all postings
	reached    map[int32]int64           // the ledger's event time by partition, as its table says
	deleted    map[int32]map[string]bool // rows whose tombstone was read, and not the time of it
	rows       balance                   // nets of the rows
	gone       balance                   // nets of lives whose row may have expired
	// partitions of postings without their beginning: when what is left of them begins
	trimmed map[int32]int64
	waiting map[string][]Waiting // by transaction, what waits for its payment; nil where nobody asks
}

type account struct {
	place    string // of the row, or of the last posting
	currency string

	row        bool
	net, seq   int64   // of the row
	lines      int64   // journal lines, as the row says
	last       int64   // event time of its last event
	must       bool    // the row's last posting must have been seen, if it has not been trimmed
	raised     int64   // when its record was appended
	poster     int32   // the partition of that posting
	early      int64   // event time at which the row was deleted before its time; 0: it was not
	forgotten  bool    // its user was erased
	unposted   bool    // the net changed without a posting
	chains     []chain // of postings
	aged       int64   // what it adds to gone
	journalled bool
	journalNet int64
	journalSeq int64
}

func newTransactions(retention int64, partitions int32, whole bool) *transactions {
	return &transactions{
		whole: whole, retention: retention, partitions: partitions, accounts: map[string]*account{},
		touched:    map[string]bool{},
		currencies: map[string]bool{}, reached: map[int32]int64{}, deleted: map[int32]map[string]bool{},
		rows: balance{}, gone: balance{},
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

// trim notes that the beginnings of partitions of postings are gone, as retention takes them. Rows may be older.
func (b *transactions) trim(begun map[int32]int64) {
	b.trimmed = map[int32]int64{}
	for partition, at := range begun {
		if at > 0 {
			b.trimmed[partition] = math.MaxInt64 // until one is read
		}
	}
}

// clocks is by how much brokers may differ in when they append the records of one transaction.
const clocks = time.Minute

// mustRead reports whether the posting with which a row got its last number must be among those that are read.
func (b *transactions) mustRead(a *account) bool {
	from, trimmed := b.trimmed[a.poster]
	return !trimmed || a.raised-clocks.Milliseconds() > from
}

func (b *transactions) setRow(r *kgo.Record, place string) error {
	partition, id, value := r.Partition, string(r.Key), r.Value
	if value == nil {
		b.setWaiting(id, nil)
		if a := b.accounts[id]; a != nil && a.row {
			b.of(id)
			if b.deleted[partition] == nil {
				b.deleted[partition] = map[string]bool{}
			}
			b.deleted[partition][id] = true
		}
		return nil
	}
	row, err := ledgercodec.Row{}.Decode(value)
	if err != nil {
		return err
	}
	if b.deleted[partition][id] { // and made anew in the same transaction
		b.judgeDeleted(partition)
	}
	b.setWaiting(id, row)
	a := b.of(id)
	net := row.Net()
	if a.row {
		begun := row.PostingSeq < a.seq // anew, in place of a row that had expired and was still there
		a.must = a.must && !begun || row.PostingSeq > a.seq
		a.unposted = row.PostingSeq == a.seq && net != a.net
		b.rows.add(partition, a.currency, -a.net)
	}
	a.must = a.must || b.whole && row.PostingSeq > 0
	if row.PostingSeq != a.seq {
		a.raised, a.poster = r.Timestamp.UnixMilli(), stream.Partition([]byte(row.UserID()), b.partitions)
	}
	a.row, a.net, a.seq, a.lines, a.place = true, net, row.PostingSeq, row.JournalSeq, place
	a.last, a.early, a.currency, a.forgotten = int64(row.LastAt), 0, row.Currency(), row.UserID() == erasure.Nobody
	b.rows.add(partition, a.currency, net)
	return nil
}

// setTime sets the watermark that a partition of the ledger had reached with the transaction whose rows came before.
func (b *transactions) setTime(partition int32, reached int64) {
	b.reached[partition] = reached
	b.judgeDeleted(partition)
}

// judgeDeleted tells rows that expired from those that went before the retention was over.
func (b *transactions) judgeDeleted(partition int32) {
	cutoff := b.cutoff(partition)
	for id := range b.deleted[partition] {
		a := b.accounts[id]
		if a == nil || !a.row {
			continue
		}
		b.rows.add(partition, a.currency, -a.net)
		a.row, a.must, a.unposted = false, false, false
		if a.last >= cutoff {
			a.early = max(b.reached[partition], 1)
		}
	}
	delete(b.deleted, partition)
}

// cutoff is the event time before which rows of a partition have expired.
func (b *transactions) cutoff(partition int32) int64 { return b.reached[partition] - b.retention }

func (b *transactions) addPosting(r *kgo.Record, place string) (*ledger.Posting, error) {
	if b.trimmed[r.Partition] == math.MaxInt64 {
		b.trimmed[r.Partition] = r.Timestamp.UnixMilli()
	}
	p, err := ledgercodec.Posting{}.Decode(r.Value)
	if err != nil {
		return nil, err
	}
	a := b.of(p.TransactionID)
	a.chains = join(a.chains, place, p)
	b.currencies[p.Currency] = true
	if !a.row {
		a.place, a.currency = place, p.Currency
	}
	return p, nil
}

func (b *transactions) addLine(id string, value []byte) error {
	if value == nil { // the transaction was erased from the journal
		a := b.of(id)
		a.journalled, a.journalSeq, a.journalNet = false, 0, 0
		return nil
	}
	e, err := ledgercodec.JournalEntry{}.Decode(value)
	if err != nil {
		return err
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
	for partition := range b.deleted {
		b.judgeDeleted(partition)
	}
	var out []difference
	for id := range b.touched {
		found := b.judge(id)
		if len(found) == 0 {
			delete(b.touched, id)
			if a := b.accounts[id]; !b.whole && !a.row { // who comes back is taken as found
				delete(b.accounts, id)
			}
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

// judge holds the row of a transaction against its last life. Earlier ones, and all where there is no row, must be so
// old that the row may have expired; together they are what the ledger says has.
func (b *transactions) judge(id string) []difference {
	a, partition := b.accounts[id], stream.Partition([]byte(id), b.partitions)
	lives, broken := livesOf(a.chains, b.whole)
	var now *chain
	if n := len(lives); n > 0 && a.row && a.seq > 0 {
		now, lives = &lives[n-1], lives[:n-1]
	}
	var aged int64
	lost := ""
	for i := range lives {
		l := &lives[i]
		aged += l.net
		switch {
		case l.lastAt < b.cutoff(partition) || lost != "" || !b.whole:
		case a.row && now != nil:
			lost = fmt.Sprintf("posting %d comes after posting %d (%s)", now.first, l.seq, now.place)
		case a.row:
			lost = fmt.Sprintf("its row counts no posting, and postings add up to %d %s (%s)", l.net, a.currency,
				l.place)
		default:
			lost = fmt.Sprintf("its postings add up to %d %s, and it has no row", l.net, a.currency)
		}
	}
	b.gone.add(partition, a.currency, aged-a.aged)
	a.aged = aged
	if broken == "" {
		broken = lost
	}
	return append(a.money(id, now, broken, aged, b.mustRead(a)), a.journal(id, b.whole)...)
}

func (a *account) difference(id, check, what string, minor int64) []difference {
	return []difference{{
		check: check, key: id + "\x00" + check, place: a.place, currency: a.currency, minor: minor,
		state: fmt.Sprint(a.net, a.seq, a.lines, a.chains, a.journalNet, a.journalSeq, a.early),
		text:  fmt.Sprintf("transaction %s (%s): %s", id, a.place, what),
	}}
}

// money holds the row against its postings. broken is what is wrong with these, gone the net of lives without a row;
// kept: its last posting has not been trimmed.
func (a *account) money(id string, now *chain, broken string, gone int64, kept bool) []difference {
	var posted, seq int64
	if now != nil {
		posted, seq = now.net, now.seq
	}
	add := func(what string, minor int64) []difference { return a.difference(id, checkConservation, what, minor) }
	switch {
	case a.early > 0:
		return add(fmt.Sprintf("its row with %d %s was deleted before the retention was over", a.net,
			a.currency), a.net)
	case broken != "":
		return add(broken, a.row0()-posted-gone)
	case a.unposted && now == nil:
		return add(fmt.Sprintf("its row changed to %d %s without a posting", a.net, a.currency), a.net)
	case a.row && a.must && kept && now == nil:
		return add(fmt.Sprintf("its row has %d %s after %d postings, and none is there", a.net, a.currency,
			a.seq), a.net)
	case now != nil && (a.net != posted || a.seq != seq) && !a.elsewhere(now):
		return add(fmt.Sprintf("its row has %d %s after %d postings, %d postings add up to %d", a.net, a.currency,
			a.seq, seq, posted), a.net-posted)
	}
	return nil
}

// elsewhere tells whether the last postings may be gone before earlier ones: those of a user who was erased lie in
// another partition.
func (a *account) elsewhere(now *chain) bool { return a.forgotten && !now.begins() }

// row0 is the net of the row, 0 without one.
func (a *account) row0() int64 {
	if a.row {
		return a.net
	}
	return 0
}

func (a *account) journal(id string, whole bool) []difference {
	switch {
	case !a.row:
	case a.journalled && (a.journalNet != a.net || a.journalSeq != a.lines):
		return a.difference(id, checkJournal,
			fmt.Sprintf("its row has %d %s after %d journal lines, line %d of the journal ends at %d",
				a.net, a.currency, a.lines, a.journalSeq, a.journalNet), 0)
	case !a.journalled && whole && a.lines > 0 && !a.forgotten:
		return a.difference(id, checkJournal, fmt.Sprintf("its row counts %d journal lines, and none is there",
			a.lines), 0)
	}
	return nil
}

func more(n int) string { return fmt.Sprintf("and %d more", n) }
