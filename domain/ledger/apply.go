package ledger

import (
	"math"
	"strconv"
	"time"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/money"
	"github.com/millrace/millrace/domain/payment"
)

// Apply gives event e to its transaction. watermark is the event time before e (0: not known). First it settles what is
// due at that watermark, as Due and Expire would have if they had been called in time: the result does not depend on
// when, or whether, they were. A nil row is a transaction not heard of; a nil next means that there is nothing to keep.
// The next row may hold on to e, which must not be changed afterwards.
func Apply(row *Row, e *payment.Event, watermark instant.Milli, cfg Config) (next *Row, effects []Effect) {
	t := &transition{row: row, watermark: watermark, cfg: cfg}
	t.timeOut()
	t.expire()
	t.judge(e)
	return t.row, t.effects
}

// Due counts attempts still pending as timed out, if watermark has reached their deadlines.
func Due(row *Row, watermark instant.Milli, cfg Config) (next *Row, effects []Effect) {
	t := &transition{row: row, watermark: watermark, cfg: cfg}
	t.timeOut()
	return t.row, t.effects
}

// Expire ends a transaction whose last event is older than the retention: its waiting reversals become orphans and next
// is nil. Every waiting event is one dead letter, whatever status it reports, since none had an effect. Before that
// time Expire does what Due does.
func Expire(row *Row, watermark instant.Milli, cfg Config) (next *Row, effects []Effect) {
	t := &transition{row: row, watermark: watermark, cfg: cfg}
	t.timeOut()
	t.expire()
	return t.row, t.effects
}

// transition is one call of Apply, Due or Expire under way.
type transition struct {
	row       *Row
	own       bool // row is this transition's own copy
	watermark instant.Milli
	cfg       Config
	effects   []Effect
}

// write returns the row to write to, a copy of the one given.
func (t *transition) write() *Row {
	if !t.own {
		t.row, t.own = t.row.clone(), true
	}
	return t.row
}

func (t *transition) emit(e Effect) { t.effects = append(t.effects, e) }

// expire relies on timeOut having run: retention is longer than the pending timeout, so an expiring row awaits nothing.
func (t *transition) expire() {
	if t.row == nil || !t.cfg.TooOld(t.row.LastAt, t.watermark) {
		return
	}
	waiting := t.row.Waiting
	if len(waiting) > 0 {
		t.write().Waiting = nil
	}
	for _, e := range waiting {
		t.refuse(e, payment.OrphanReversal, "it waited for "+t.cfg.Retention.String()+
			" (ledger.retention), and no payment of its transaction settled: "+
			"the payment never came, or its row had expired before")
	}
	if t.row.Settled() {
		t.emit(Expired{Currency: t.row.Currency(), Net: t.row.Net()})
	}
	t.row, t.own = nil, false
}

// judge decides on e. Refusals come before everything that changes the row, so a refused event leaves only a journal
// line.
//
// A duplicate of an event taken is told before anything else, also where it would be too old by now: it is no loss.
func (t *transition) judge(e *payment.Event) {
	fingerprint, known := t.row.seen(e.ID)
	foreign, detail := t.foreign(e)
	switch {
	case known && fingerprint == e.Fingerprint:
		t.journal(e, Duplicate, "", t.row.Net())
	case known:
		t.refuse(e, payment.ConflictingDuplicate, "event id was used with other content")
	case t.cfg.TooOld(e.UpdatedAt, t.watermark):
		t.refuse(e, payment.TooOld, "event time "+e.UpdatedAt.String()+" is beyond the retention")
	case t.forgotten(e):
		t.refuse(e, payment.TooOld, "created_at "+e.CreatedAt.String()+
			" is beyond the retention, and no event of the payment is known: it may have settled and expired")
	case !sound(e):
		t.refuse(e, payment.InvalidField, "amount or status")
	case foreign != "":
		t.refuse(e, foreign, detail)
	case t.crowded(e):
		t.refuse(e, payment.RowTooLarge, "the payment was tried at more than "+strconv.Itoa(maxPlaces)+" places")
	case t.overfull(e):
		t.refuse(e, payment.RowTooLarge, "the transaction has too many events, or too much data")
	case e.Type == payment.Reversal:
		t.reversal(e)
	default:
		t.payment(e)
	}
}

// forgotten tells whether e is of a payment that was made before what is still known, and of which nothing is. If it
// had settled and expired it would settle twice: users who still remember the first time would not receive the second
// (domain/mission), and money would not be conserved.
func (t *transition) forgotten(e *payment.Event) bool {
	return e.Type == payment.Payment && (t.row == nil || t.row.Status == 0) && t.cfg.TooOld(e.CreatedAt, t.watermark)
}

// sound repeats what intake promises of every event that it lets through: without it, one damaged record could make a
// net amount negative.
func sound(e *payment.Event) bool {
	return money.Fits(e.AmountMinor) && (e.AmountMinor > 0 || e.Type == payment.Reversal) &&
		e.Status >= payment.Pending && e.Status <= payment.Success
}

// overfull tells whether e would exceed the bounds of a row. The journal does not count: it gives way (see journal).
func (t *transition) overfull(e *payment.Event) bool {
	if t.row == nil {
		return eventCost(e) > maxRowBytes
	}
	r := *t.row
	// what differs from the facts costs more, so it is counted with the new ones
	if e.Type == payment.Payment && e.Status > r.Status {
		r.Facts = e.Facts
	}
	return len(r.Events) >= maxEvents || r.cost()-r.journalCost()+eventCost(e) > maxRowBytes
}

// record records e as an event of the transaction.
func (t *transition) record(e *payment.Event) {
	r := t.write()
	r.Events = append(r.Events, Seen{ID: e.ID, Fingerprint: e.Fingerprint})
	r.LastAt = max(r.LastAt, e.UpdatedAt)
}

// post records the movement from net amount before to the row's net amount now, if there is one.
func (t *transition) post(e *payment.Event, kind PostingKind, before int64) {
	r := t.write()
	after := r.Net()
	if before == after {
		return
	}
	r.PostingSeq++
	t.emit(Posted{&Posting{
		Facts: r.Facts, Origin: e.Origin, Kind: kind, EventID: e.ID, Seq: r.PostingSeq,
		NetBefore: before, NetAfter: after, At: e.UpdatedAt, Cause: causeOf(e),
	}})
}

func (t *transition) refuse(e *payment.Event, reason payment.Reason, detail string) {
	t.emit(Refused{Reason: reason, Detail: detail, Event: e})
	t.journal(e, Rejected, reason, t.row.Net())
}

// journal notes the verdict on e. Without a row (the first event of a transaction was refused) none is made for it. Old
// lines give way to new ones, and to the bounds of the row.
func (t *transition) journal(e *payment.Event, verdict Verdict, reason payment.Reason, before int64) {
	line := Line{
		EventID: e.ID, Type: e.Type, Verdict: verdict, Reason: reason,
		NetBefore: before, NetAfter: t.row.Net(), At: e.UpdatedAt,
	}
	about := &e.Facts
	if t.row != nil {
		r := t.write()
		r.JournalSeq++
		line.Seq = r.JournalSeq
		if len(r.Journal) >= journalSize {
			r.Journal = append(r.Journal[:0], r.Journal[len(r.Journal)-journalSize+1:]...)
		}
		r.Journal = append(r.Journal, line)
		for excess := r.cost() - maxRowBytes; excess > 0 && len(r.Journal) > 0; r.Journal = r.Journal[1:] {
			excess -= lineCost(&r.Journal[0])
		}
		if r.Status != 0 {
			about = &r.Facts
		}
	}
	t.emit(Journalled{&JournalEntry{Line: line, TransactionID: e.TransactionID, UserID: about.UserID,
		Currency: about.Currency}})
}

// later returns at + d and stops at the ends of the range instead of overflowing.
func later(at instant.Milli, d time.Duration) instant.Milli {
	sum := at.Add(d)
	switch {
	case d > 0 && sum < at:
		return math.MaxInt64
	case d < 0 && sum > at:
		return math.MinInt64
	default:
		return sum
	}
}
