package mission

import (
	"slices"
	"strings"

	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/money"
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
	copied   bool    // States is this draft's own list
	own      []owned // in few at first, which hold those of a posting
	few      [4]owned
	last     spot // that was looked for
	changed  bool
	effects  []Effect
	buffer   []int32
	scratch  payment.Facts
}

// owned is a state made by a draft.
type owned struct {
	state *State
	plan  *Plan
	fresh *fresh // that the state is of; nil: none
}

// fresh is a state with room for the one tally that most have: one object for the collector to follow, where a user has
// hundreds.
type fresh struct {
	State
	list  [1]*Tally
	first Tally
	taken bool
}

// room returns a tally that may be changed, of a state that will have so many.
func (o *owned) room(tallies int) *Tally {
	if f := o.fresh; f != nil && !f.taken && tallies == 1 { // among many it would keep alive a state that is gone
		f.taken = true
		return &f.first
	}
	return new(Tally)
}

// list returns an empty list, with room for one tally.
func (o *owned) list() []*Tally {
	if o.fresh == nil {
		return nil
	}
	return o.fresh.list[:0]
}

// owns tells whether a tally was made by the draft.
func (o *owned) owns(t *Tally) bool { return o.fresh != nil && t == &o.fresh.first }

func newDraft(row *UserRow, user string, missions *Snapshot, cfg Config) *draft {
	d := &draft{old: row, user: user, missions: missions, cfg: cfg}
	d.own = d.few[:0]
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

// spot is where the state of a mission is, or would be, among hundreds: one posting asks several times for the same.
type spot struct {
	plan  *Plan // nil: nowhere
	index int
	found bool
}

func (d *draft) spot(p *Plan) (int, bool) {
	if d.last.plan != p {
		i, ok := findState(d.row.States, p.ID())
		d.last = spot{p, i, ok}
	}
	return d.last.index, d.last.found
}

// find returns where the user stands in a mission, for reading.
func (d *draft) find(p *Plan) *State {
	if i, ok := d.spot(p); ok {
		return d.row.States[i]
	}
	return nil
}

// put takes in a state made by this draft, in place of the one of its mission.
func (d *draft) put(p *Plan, s *State) {
	i, ok := d.spot(p)
	d.copyStates()
	if ok {
		d.row.States[i] = s
	} else {
		d.row.States = slices.Insert(d.row.States, i, s)
	}
	d.own, d.last.found = append(d.own, owned{state: s, plan: p}), true
}

// remove takes out the state of a mission that the user is not in.
func (d *draft) remove(p *Plan) {
	if i, ok := d.spot(p); ok {
		d.copyStates()
		if d.row.States = slices.Delete(d.row.States, i, i+1); len(d.row.States) == 0 {
			d.row.States = nil
		}
		d.last.found = false
	}
}

// copyStates makes the list this draft's own, with room for one more.
func (d *draft) copyStates() {
	if !d.copied {
		states := make([]*State, len(d.row.States), len(d.row.States)+1)
		copy(states, d.row.States)
		d.row.States, d.copied, d.changed = states, true, true
	}
}

// state returns where the user stands in a mission, for writing.
func (d *draft) state(p *Plan) *State { return d.owned(p).state }

// owned returns where the user stands in a mission as this draft's own.
func (d *draft) owned(p *Plan) *owned {
	s := d.find(p)
	if s != nil {
		if i := slices.IndexFunc(d.own, func(o owned) bool { return o.state == s }); i >= 0 {
			return &d.own[i]
		}
	}
	f := new(fresh)
	if s == nil {
		f.Mission = p.ID()
	} else {
		f.State = *s
		if len(s.Tallies) > 0 {
			f.Tallies = append(f.list[:0], s.Tallies...)
		}
	}
	d.put(p, &f.State)
	o := &d.own[len(d.own)-1]
	o.fresh = f
	return o
}

// tally returns the count of a window in a mission, for writing.
func (d *draft) tally(p *Plan, w span) *Tally {
	o := d.owned(p)
	s := o.state
	i, ok := findTally(s.Tallies, w.start)
	switch {
	case !ok:
		t := o.room(len(s.Tallies) + 1)
		t.Start = w.start
		if len(s.Tallies) == 0 {
			s.Tallies = o.list()
		}
		s.Tallies = slices.Insert(s.Tallies, i, t)
	case !o.owns(s.Tallies[i]):
		t := o.room(len(s.Tallies))
		*t = *s.Tallies[i]
		t.Entries = slices.Clone(t.Entries)
		s.Tallies[i] = t
	}
	return s.Tallies[i]
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
	if !d.forgotten(p) { // Old has none of its payment
		return false
	}
	for _, s := range d.row.Old {
		if s.TransactionID == p.TransactionID && p.Seq <= s.Seq {
			return true
		}
	}
	return false
}

// record records the posting: its money, its time, and its payment as long as the horizon reaches. It returns what was
// left of the payment before, as the row had it.
func (d *draft) record(p *ledger.Posting) (before int64) {
	d.changed = true
	d.row.LastAt = max(d.row.LastAt, p.At)
	d.receive(p)
	if d.forgotten(p) {
		isOf := func(s Seen) bool { return s.TransactionID == p.TransactionID }
		d.rememberOld(slices.DeleteFunc(slices.Clone(d.row.Old), isOf), Seen{p.TransactionID, p.Seq})
		return p.NetBefore
	}
	r := &Recent{Facts: p.Facts, Seq: p.Seq, Net: p.NetAfter}
	r.UserID = ""
	recent := make([]*Recent, len(d.row.Recent), len(d.row.Recent)+1)
	copy(recent, d.row.Recent)
	if i, ok := findRecent(recent, markOf(&r.Facts)); ok {
		before = recent[i].Net
		recent[i] = r
	} else {
		recent = slices.Insert(recent, i, r)
	}
	d.row.Recent = recent
	return before
}

func (d *draft) receive(p *ledger.Posting) {
	d.row.Received = slices.Clone(d.row.Received)
	i, ok := slices.BinarySearchFunc(d.row.Received, p.Currency, func(r Received, c string) int {
		return strings.Compare(r.Currency, c)
	})
	if !ok {
		d.row.Received = slices.Insert(d.row.Received, i, Received{Currency: p.Currency})
	}
	d.row.Received[i].Net = d.row.Received[i].Net.Add(p.NetAfter).Minus(money.TotalOf(p.NetBefore))
}

// rememberOld keeps the last postings of the others and of the payments seen.
func (d *draft) rememberOld(others []Seen, seen ...Seen) {
	seen = seen[max(0, len(seen)-d.cfg.MaxOld):]
	others = others[max(0, len(others)+len(seen)-d.cfg.MaxOld):]
	d.row.Old = slices.Concat(others, seen)
}

// forget drops the payments that the horizon or the bound no longer keep. What they contributed is settled. A
// created_at beyond all event times seen does not carry the horizon away with it.
func (d *draft) forget() {
	recent := d.row.Recent
	if len(recent) == 0 {
		return
	}
	latest := min(recent[len(recent)-1].CreatedAt, d.row.LastAt)
	oldest := Mark{At: latest.Add(-d.cfg.ReorderHorizon)}
	n := max(0, len(recent)-d.cfg.MaxRecent)
	for n < len(recent) && markOf(&recent[n].Facts).compare(oldest) < 0 {
		n++
	}
	if n > 0 {
		seen := make([]Seen, n)
		for i, r := range recent[:n] {
			d.settle(r)
			seen[i] = Seen{r.TransactionID, r.Seq}
		}
		d.rememberOld(d.row.Old, seen...) // which had none of them
		d.row.Frontier = markOf(&recent[n-1].Facts)
		d.row.Recent = recent[n:]
	}
	if oldest.compare(d.row.Frontier) > 0 {
		d.row.Frontier = oldest
	}
}

// settle moves what a payment contributes from the recent part of tallies to the settled one.
func (d *draft) settle(r *Recent) {
	facts := d.facts(r)
	for _, i := range d.candidates(facts) {
		plan := d.missions.plans[i]
		s := d.find(plan)
		if !s.In() {
			continue
		}
		c := plan.versionFor(s, 0)
		w, reason := plan.place(c, s, d.row.Segments, facts)
		if reason != Counted {
			continue
		}
		s = d.state(plan)
		s.Fixed = true
		if x := c.contribution(facts, 0, r.Net); x.amount != 0 {
			t := d.tally(plan, w)
			t.add(x, false) // before it is taken from the other part: an entry stays where it is
			x.amount = -x.amount
			t.add(x, true)
		}
	}
}
