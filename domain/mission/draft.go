package mission

import (
	"slices"
	"strings"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
)

// draft is a row in the making: a shallow copy whose lists and states are replaced, never written to, as long as they
// belong to the old row.
type draft struct {
	old      *UserRow
	row      UserRow
	user     string
	missions *Snapshot
	cfg      Config
	own      map[*State]struct{} // states made by this draft
	copied   bool                // States is this draft's own list
	changed  bool
	effects  []Effect
	buffer   []int32
	scratch  payment.Facts
}

func newDraft(row *UserRow, user string, missions *Snapshot, cfg Config) *draft {
	d := &draft{old: row, user: user, missions: missions, cfg: cfg}
	if row != nil {
		d.row = *row
	}
	return d
}

func (d *draft) result() *UserRow {
	if !d.changed {
		return d.old
	}
	next := d.row
	return &next
}

// find returns the state of a mission for reading.
func (d *draft) find(c *Compiled) *State {
	if i, ok := findState(d.row.States, c.ID(), c.Number()); ok {
		return d.row.States[i]
	}
	return nil
}

// state returns the state of a mission for writing; it begins with the row's frontier as its horizon.
func (d *draft) state(c *Compiled) *State {
	if !d.copied {
		d.row.States = slices.Clone(d.row.States)
		d.own = map[*State]struct{}{}
		d.copied, d.changed = true, true
	}
	i, ok := findState(d.row.States, c.ID(), c.Number())
	if !ok {
		s := &State{Mission: c.ID(), Version: c.Number(), Horizon: d.row.Frontier}
		d.row.States = slices.Insert(d.row.States, i, s)
		d.own[s] = struct{}{}
		return s
	}
	s := d.row.States[i]
	if _, mine := d.own[s]; mine {
		return s
	}
	next := *s
	d.row.States[i] = &next
	d.own[&next] = struct{}{}
	return &next
}

// meet applies the missions in force to the payments that the row remembers, if the row has not met exactly these. It
// serves missions that are new to the row and those that were paused, resumed or ended since.
func (d *draft) meet() {
	if d.row.Missions == d.missions.fingerprint {
		return
	}
	d.row.Missions, d.changed = d.missions.fingerprint, true
	sums := make([]Total, len(d.missions.missions))
	spans := make([]Interval, len(sums))
	for _, r := range d.row.Recent {
		facts := d.facts(r)
		for _, i := range d.candidates(facts) {
			if c := d.missions.missions[i]; c.Judge(facts) == Counted {
				sums[i] = sums[i].Add(c.Contribution(r.Net))
				spans[i] = spans[i].widen(r.CreatedAt)
			}
		}
	}
	for i, c := range d.missions.missions {
		s := d.find(c)
		if s == nil && spans[i] == (Interval{}) {
			continue
		}
		if s == nil || s.FromRecent != sums[i] {
			s = d.state(c)
			s.Progress = s.Progress.Minus(s.FromRecent).Plus(sums[i])
			s.FromRecent = sums[i]
			s.see(spans[i])
		}
	}
}

// widen returns i made to include t; an empty Interval holds nothing yet.
func (i Interval) widen(t instant.Milli) Interval {
	if i == (Interval{}) {
		return Interval{t, t}
	}
	return Interval{min(i.From, t), max(i.To, t)}
}

// see moves enrolment and the latest contribution to include payments of created_at from span.From to span.To.
func (s *State) see(span Interval) {
	if span == (Interval{}) {
		return
	}
	if s.EnrolledAt == 0 || span.From < s.EnrolledAt {
		s.EnrolledAt = span.From
	}
	s.LastAt = max(s.LastAt, span.To)
}

// facts returns the facts of a remembered payment, whole again, until the next call.
func (d *draft) facts(r *Recent) *payment.Facts {
	d.scratch = r.Facts
	d.scratch.UserID = d.user
	return &d.scratch
}

func (d *draft) candidates(f *payment.Facts) []int32 {
	d.buffer = d.missions.candidates(d.buffer[:0], f)
	return d.buffer
}

// forgotten tells whether a payment lies beyond what the row remembers.
func (d *draft) forgotten(p *ledger.Posting) bool {
	return markOf(&p.Facts).compare(d.row.Frontier) <= 0
}

func (d *draft) isDuplicate(p *ledger.Posting) bool {
	if i, ok := findRecent(d.row.Recent, markOf(&p.Facts)); ok {
		return p.Seq <= d.row.Recent[i].Seq
	}
	for _, s := range d.row.Old {
		if s.TransactionID == p.TransactionID && p.Seq <= s.Seq {
			return true
		}
	}
	return false
}

// count adds the posting to every mission that its payment counts for, and returns their number.
func (d *draft) count(p *ledger.Posting) int {
	forgotten := d.forgotten(p)
	before := int64(0)
	if i, ok := findRecent(d.row.Recent, markOf(&p.Facts)); ok {
		before = d.row.Recent[i].Net
	}
	counted := 0
	for _, i := range d.candidates(&p.Facts) {
		c := d.missions.missions[i]
		if c.Judge(&p.Facts) != Counted {
			continue
		}
		if forgotten && !d.admit(c, p) {
			d.effects = append(d.effects, Forgotten{Mission: c.ID()})
			continue
		}
		counted++
		s := d.state(c)
		s.see(Interval{p.CreatedAt, p.CreatedAt})
		if forgotten {
			s.Progress = s.Progress.Add(c.Contribution(p.NetAfter) - c.Contribution(p.NetBefore))
			continue
		}
		delta := TotalOf(c.Contribution(p.NetAfter) - c.Contribution(before))
		s.Progress = s.Progress.Plus(delta)
		s.FromRecent = s.FromRecent.Plus(delta)
	}
	return counted
}

// admit tells whether a payment that the row does not remember counts for a mission: it does if the mission was known
// before the payment could be forgotten, and if it arrives only now. What was forgotten earlier stays out, and so do its
// reversals.
func (d *draft) admit(c *Compiled, p *ledger.Posting) bool {
	s := d.find(c)
	if s != nil && (markOf(&p.Facts).compare(s.Horizon) > 0 || s.isLate(p.TransactionID)) {
		return true
	}
	late := 0
	if s != nil {
		late = len(s.Late)
	}
	if p.Kind != ledger.PaymentSettled || late >= d.cfg.MaxLate {
		return false
	}
	s = d.state(c)
	i, _ := slices.BinarySearch(s.Late, p.TransactionID)
	s.Late = slices.Insert(slices.Clone(s.Late), i, p.TransactionID)
	return true
}

// remember keeps the posting: its money, its time, and its payment as long as the horizon reaches.
func (d *draft) remember(p *ledger.Posting) {
	d.changed = true
	d.row.LastAt = max(d.row.LastAt, p.At)
	d.receive(p)
	if d.forgotten(p) {
		d.rememberOld(Seen{p.TransactionID, p.Seq})
		return
	}
	r := &Recent{Facts: p.Facts, Seq: p.Seq, Net: p.NetAfter}
	r.UserID = ""
	recent := slices.Clone(d.row.Recent)
	if i, ok := findRecent(recent, markOf(&r.Facts)); ok {
		recent[i] = r
	} else {
		recent = slices.Insert(recent, i, r)
	}
	d.row.Recent = recent
	d.forget()
}

func (d *draft) receive(p *ledger.Posting) {
	d.row.Received = slices.Clone(d.row.Received)
	i, ok := slices.BinarySearchFunc(d.row.Received, p.Currency, func(r Received, c string) int { return strings.Compare(r.Currency, c) })
	if !ok {
		d.row.Received = slices.Insert(d.row.Received, i, Received{Currency: p.Currency})
	}
	d.row.Received[i].Net = d.row.Received[i].Net.Add(p.NetAfter).Minus(TotalOf(p.NetBefore))
}

func (d *draft) rememberOld(seen Seen) {
	old := slices.DeleteFunc(slices.Clone(d.row.Old), func(s Seen) bool { return s.TransactionID == seen.TransactionID })
	old = append(old, seen)
	d.row.Old = slices.Clone(old[max(0, len(old)-d.cfg.MaxOld):])
}

// forget drops the payments that the horizon or the bound no longer keep. What they contributed stays in Progress. A
// created_at beyond all event times seen does not carry the horizon away with it.
func (d *draft) forget() {
	recent := d.row.Recent
	latest := min(recent[len(recent)-1].CreatedAt, d.row.LastAt)
	oldest := Mark{At: latest.Add(-d.cfg.ReorderHorizon)}
	n, _ := findRecent(recent, oldest)
	n = max(n, len(recent)-d.cfg.MaxRecent)
	for _, r := range recent[:n] {
		facts := d.facts(r)
		for _, i := range d.candidates(facts) {
			c := d.missions.missions[i]
			if c.Judge(facts) == Counted {
				s := d.state(c)
				s.FromRecent = s.FromRecent.Add(-c.Contribution(r.Net))
			}
		}
		d.rememberOld(Seen{r.TransactionID, r.Seq})
	}
	if n > 0 {
		d.row.Frontier = markOf(&recent[n-1].Facts)
		d.row.Recent = recent[n:]
	}
	if oldest.compare(d.row.Frontier) > 0 {
		d.row.Frontier = oldest
	}
}

// conclude turns the change of completions into outcomes, mission by mission.
func (d *draft) conclude(p *ledger.Posting) {
	if !d.copied {
		return
	}
	for _, s := range d.row.States {
		if _, mine := d.own[s]; !mine {
			continue
		}
		c, ok := d.missions.Find(s.Mission, s.Version)
		if !ok {
			continue
		}
		reached := c.Completions(s.Progress)
		for s.Completions < reached {
			s.Completions++
			d.effects = append(d.effects, c.outcome(Completed, s, p))
		}
		for s.Completions > reached {
			d.effects = append(d.effects, c.outcome(Revoked, s, p))
			s.Completions--
		}
	}
}

func (c *Compiled) outcome(kind OutcomeKind, s *State, p *ledger.Posting) *Outcome {
	m := &c.mission
	return &Outcome{
		Kind: kind, UserID: p.UserID, Mission: s.Mission, Version: s.Version, Iteration: s.Completions,
		WindowStart: c.start, WindowEnd: c.windowEnd, Currency: m.Currency, Reward: m.Reward, Grant: m.Grant,
		Limits: m.Limits, Debt: m.Debt, Progress: s.Progress.Int64(), At: p.At, TransactionID: p.TransactionID,
	}
}
