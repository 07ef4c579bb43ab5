package mission

import (
	"strings"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/money"
)

// cause is what made outcomes: a posting, an enrolment or segments.
type cause struct {
	at            instant.Milli
	transactionID string
}

// conclude turns the change of completions since the old row into outcomes, mission by mission: first what is lost,
// then what is won.
func (d *draft) conclude(by cause) {
	if !d.copied {
		return
	}
	var before []*State
	if d.old != nil {
		before = d.old.States
	}
	after := d.row.States
	for len(before) > 0 || len(after) > 0 {
		if len(before) > 0 && len(after) > 0 && before[0] == after[0] { // nearly all of them
			before, after = before[1:], after[1:]
			continue
		}
		var old, next *State
		var order int
		switch {
		case len(before) == 0:
			order = 1
		case len(after) == 0:
			order = -1
		default:
			order = strings.Compare(before[0].Mission, after[0].Mission)
		}
		if order <= 0 {
			old, before = before[0], before[1:]
		}
		if order >= 0 {
			next, after = after[0], after[1:]
		}
		d.compare(old, next, by)
	}
}

// compare tells the outcomes of one mission. States of missions that are not known, which the catalog never lets
// happen, stay as they are.
func (d *draft) compare(old, next *State, by cause) {
	var mission string
	if next != nil {
		mission = next.Mission
	} else {
		mission = old.Mission
	}
	p, ok := d.planOf(mission, next)
	if !ok {
		return
	}
	var was []*Tally // of windows that may go on
	if old.In() && next.In() && old.Version == next.Version {
		was = d.lost(p, old, next.Tallies, next.Cut, by)
	} else if old.In() {
		d.lost(p, old, nil, 0, by)
	}
	if !next.In() {
		return
	}
	c := p.versionFor(next, 0)
	kept := next.Tallies[:0]
	for _, t := range next.Tallies {
		told := int64(0)
		for len(was) > 0 && was[0].Start < t.Start {
			was = was[1:]
		}
		if len(was) > 0 && was[0].Start == t.Start {
			if was[0] == t { // nothing happened in it
				kept = append(kept, t)
				continue
			}
			told = was[0].Completions
		}
		if t = d.evaluateTally(c, t, told, by); !t.isEmpty() {
			kept = append(kept, t)
		}
	}
	next.Tallies = kept
	if len(kept) == 0 {
		next.Tallies = nil
	}
	d.cut(next)
}

// planOf finds a mission of which a state has changed; most were made by this draft, and are few.
func (d *draft) planOf(mission string, next *State) (*Plan, bool) {
	for i := range d.own[:min(len(d.own), len(d.few))] {
		if d.own[i].state == next {
			return d.own[i].plan, true
		}
	}
	return d.missions.Find(mission)
}

// lost tells that what was won in windows that are no more is lost, and returns all the windows that there were. What
// was won before the cut stays.
func (d *draft) lost(p *Plan, old *State, left []*Tally, cut instant.Milli, by cause) []*Tally {
	c := p.versionFor(old, 0)
	for _, t := range old.Tallies {
		for len(left) > 0 && left[0].Start < t.Start {
			left = left[1:]
		}
		if t.Start < cut || len(left) > 0 && left[0].Start == t.Start {
			continue
		}
		for n := t.Completions; n > 0; n-- {
			d.emitOutcome(c, Revoked, t.Start, n, money.Total{}, by)
		}
	}
	return old.Tallies
}

// evaluateTally tells what was won and lost in one window.
func (d *draft) evaluateTally(c *Compiled, t *Tally, told int64, by cause) *Tally {
	progress := c.Progress(t)
	reached := c.Completions(progress)
	if t.Completions != reached {
		t = t.clone()
		t.Completions = reached
	}
	for n := told; n > reached; n-- {
		d.emitOutcome(c, Revoked, t.Start, n, progress, by)
	}
	for n := told + 1; n <= reached; n++ {
		d.emitOutcome(c, Completed, t.Start, n, progress, by)
	}
	return t
}

// cut drops the oldest windows beyond the bound. What was won in them stays.
func (d *draft) cut(s *State) {
	if n := len(s.Tallies) - MaxTallies; n > 0 {
		s.Tallies = s.Tallies[n:]
		s.Cut, s.Fixed = s.Tallies[0].Start, true
	}
}

func (d *draft) emitOutcome(c *Compiled, kind OutcomeKind, start instant.Milli, iteration int64, progress money.Total,
	by cause) {
	m := &c.mission
	w := c.windowFrom(start)
	newest := c
	if p, ok := d.missions.Find(m.ID); ok && p.At(by.at).Number() > c.Number() {
		newest = p.At(by.at)
	}
	d.effects = append(d.effects, &Outcome{
		Kind: kind, UserID: d.user, Mission: m.ID, Version: c.Number(), Iteration: iteration, WindowStart: w.start,
		WindowEnd: w.end,
		Currency:  m.Currency, Reward: m.Reward, Grant: m.Grant, Limits: newest.mission.Limits,
		LimitsOf: newest.Number(), Debt: m.Debt, Progress: progress.Int64(),
		At: by.at, TransactionID: by.transactionID,
	})
}
