package oracle

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/verdict"
)

// past is all that happens to one user in a few missions, in the order in which it reaches the row.
type past struct {
	*rand.Rand
	t         testing.TB
	days      int
	missions  []*episode
	occasions []occasion
	config    mission.Config // of a row that forgets all the time
	fresh     bool           // each change of a mission is met by a process that has just begun
	long      bool
	apart     bool // missions do not change, and all else comes with postings between
}

// occasion is what reaches the row, or the index of missions: one of its fields is set.
type occasion struct {
	when    instant.Milli
	posting *ledger.Posting
	asked   *mission.Enrolment
	told    *mission.Segments
	episode *episode // moves on
}

// episode is a mission with its stages, as the domain and as the oracle have them.
type episode struct {
	id     string
	domain []mission.History
	oracle []Stage
}

const hour = instant.Milli(3_600_000)

func dawn() instant.Milli { return instant.Of(time.Date(2026, 3, 6, 12, 0, 0, 0, time.UTC)) }

func (p *past) pick(from ...string) string { return from[p.IntN(len(from))] }

// time is often one of a few, so that ends meet.
func (p *past) time() instant.Milli {
	grain := []instant.Milli{60_000, 6 * hour}[p.IntN(2)]
	return dawn() + instant.Milli(p.Int64N(int64(p.days)*int64(24*hour)))/grain*grain
}

// delay is how long something takes to reach the row.
func (p *past) delay() instant.Milli {
	switch p.IntN(6) {
	case 0:
		return instant.Milli(p.Int64N(int64(p.days) * int64(24*hour)))
	case 1:
		return instant.Milli(p.Int64N(int64(12 * hour)))
	default:
		return instant.Milli(p.Int64N(int64(hour)))
	}
}

// lives draws a past. A long one goes up to the bounds of windows, switches and sets.
func lives(t testing.TB, seed uint64, long bool) *past {
	p := &past{Rand: rand.New(rand.NewPCG(seed, 1)), t: t, long: long}
	p.days = 1 + p.IntN(5)
	missions, payments, asks, sets := 1+p.IntN(3), 1+p.IntN(14), p.IntN(6), p.IntN(4)
	if long {
		p.days, missions, payments, asks, sets = 150, 1, 200+p.IntN(300), 30+p.IntN(60), p.IntN(14)
	}
	p.fresh, p.apart = p.IntN(2) == 0, p.IntN(2) == 0
	p.config = mission.Config{ReorderHorizon: time.Duration(1+p.IntN(30)) * time.Hour, MaxRecent: 1 + p.IntN(8), MaxLate: p.IntN(4), MaxOld: p.IntN(4)}
	for i := range missions {
		p.missions = append(p.missions, p.episode(fmt.Sprint("m", i)))
	}
	for i := range payments {
		p.payment(i)
	}
	for i := range asks {
		e := &mission.Enrolment{
			ID: fmt.Sprint("e", i), Op: mission.EnrolmentOp(p.pick("enrol", "enrol", "withdraw")), UserID: "u",
			Mission: p.missions[p.IntN(len(p.missions))].id, At: p.time(),
		}
		p.occasions = append(p.occasions, occasion{when: e.At + p.delay(), asked: e})
	}
	for i := range sets {
		names := strings.Fields(p.pick("gold", "new vip", "vip", ""))
		s := &mission.Segments{ID: fmt.Sprint("s", i), UserID: "u", Segments: names, At: p.time()}
		p.occasions = append(p.occasions, occasion{when: s.At + p.delay(), told: s})
	}
	for i := range p.occasions {
		if p.IntN(8) == 0 && p.occasions[i].episode == nil { // it comes twice
			again := p.occasions[i]
			again.when += p.delay()
			p.occasions = append(p.occasions, again)
		}
	}
	slices.SortStableFunc(p.occasions, func(a, b occasion) int { return cmp.Compare(a.when, b.when) })
	if p.apart {
		p.part()
	}
	return p
}

// part leaves out what makes more than one order possible.
func (p *past) part() {
	between := false
	p.occasions = slices.DeleteFunc(p.occasions, func(x occasion) bool {
		if x.posting != nil {
			between = true
			return false
		}
		keep := between && x.episode == nil
		between = false
		return !keep
	})
	for _, e := range p.missions {
		e.domain, e.oracle = e.domain[len(e.domain)-1:], e.oracle[len(e.oracle)-1:]
		e.oracle[0].Arrival = always()
		p.occasions = slices.Insert(p.occasions, 0, occasion{episode: e})
	}
}

// payment draws a payment and what becomes of it.
func (p *past) payment(i int) {
	f := payment.Facts{
		TransactionID: fmt.Sprint("t", i), UserID: "u", AmountMinor: 1 + p.Int64N(15), Currency: p.pick("INR", "INR", "INR", "USD"),
		Labels: payment.Labels{payment.Merchant: p.pick("a", "b", "c", "")}, CreatedAt: p.time(),
	}
	net, when := int64(0), f.CreatedAt
	for seq := range 1 + p.IntN(3) {
		next, kind := f.AmountMinor, ledger.PaymentSettled
		if seq > 0 {
			next, kind = p.Int64N(f.AmountMinor+1), ledger.PaymentReversed
		}
		when += p.delay()
		at := f.CreatedAt + instant.Milli(p.Int64N(int64(3*hour))) - hour/2
		posting := &ledger.Posting{Facts: f, Kind: kind, Seq: int64(seq + 1), NetBefore: net, NetAfter: next, At: at}
		p.occasions = append(p.occasions, occasion{when: when, posting: posting})
		net = next
	}
}

// episode draws a mission, and what operators do to it.
func (p *past) episode(id string) *episode {
	e := &episode{id: id}
	enrolment := p.pick("automatic", "automatic", "opt_in", "")
	var versions []Definition
	h := mission.History{}
	stage := func() {
		m := Mission{Definition: versions[0], EndedAt: h.EndedAt}
		for i, v := range h.Versions[1:] {
			m.Later = append(m.Later, Version{versions[i+1], v.From})
		}
		for _, pause := range h.Pauses {
			m.Pauses = append(m.Pauses, Span{pause.From, pause.To})
		}
		e.domain = append(e.domain, h)
		e.oracle = append(e.oracle, Stage{Mission: m, Hidden: h.Status == mission.Archived})
	}
	ours, theirs := p.definition(id, enrolment)
	versions, h = append(versions, ours), mission.NewHistory(theirs, dawn())
	stage()
	when := dawn()
	if p.IntN(3) > 0 {
		when -= hour // known from the beginning
	}
	for range p.IntN(4) {
		at := p.time()
		switch n := p.IntN(10); {
		case n < 4 || h.Status != mission.Active && h.Status != mission.Paused:
			ours, theirs := p.definition(id, enrolment)
			next, problems := h.WithVersion(theirs, at, dawn(), true)
			if len(problems) > 0 {
				p.t.Fatal(problems)
			}
			versions, h = append(versions, ours), next
		case n < 8 && h.Status == mission.Active:
			h = h.WithStatus(mission.Paused, at)
		case n < 8:
			h = h.WithStatus(mission.Active, at)
		case n < 9:
			h = h.WithStatus(mission.Ended, at)
		default:
			h = h.WithStatus(mission.Archived, at)
		}
		stage()
	}
	for range e.domain {
		p.occasions = append(p.occasions, occasion{when: when, episode: e})
		when += p.delay()
	}
	return e
}

// definition draws one version.
func (p *past) definition(id, enrolment string) (Definition, mission.Mission) {
	if enrolment == "" {
		enrolment = p.pick("automatic", "opt_in")
	}
	metric := p.pick("amount", "count", "distinct", "streak")
	goal := map[string]any{"metric": metric, "target": 1 + p.IntN(2)}
	switch metric {
	case "amount":
		goal["target"], goal["per_event_cap"] = 20, p.IntN(2)*7
	case "distinct":
		goal["field"] = "merchant"
	}
	windows := []string{"fixed", "day", "week", "month", "enrolment", "first"}
	if p.long {
		windows = []string{"day", "day", "day", "month"}
	}
	window := map[string]map[string]any{
		"fixed": {"kind": "fixed", "from": "2026-03-07", "to": "2026-03-09T13:00"}, "day": {"kind": "recurring", "every": "day"},
		"week": {"kind": "recurring", "every": "week"}, "month": {"kind": "recurring", "every": "month"},
		"enrolment": {"kind": "per_user", "duration": "30h", "start": "enrolment"}, "first": {"kind": "per_user", "duration": "30h", "start": "first_payment"},
	}[p.pick(windows...)]
	if window["every"] == "day" && metric == "streak" {
		goal["target"] = 1
	}
	filters := []any{}
	switch p.IntN(4) {
	case 0:
		filters = append(filters, map[string]any{"id": "amount", "operator": "gte", "values": 5})
	case 1:
		if metric == "distinct" {
			goal["target"] = 1 // more cannot be reached
		}
		filters = append(filters, map[string]any{"id": "merchant", "operator": "eq", "values": p.pick("a", "b")})
	}
	audience := map[string]any{"rollout_percent": []int{100, 100, 100, 50}[p.IntN(4)]}
	if p.IntN(4) == 0 {
		audience["segments"] = []string{"gold", "new"}
	}
	text, err := json.Marshal([]any{map[string]any{
		"id": id, "title": "M", "currency": "INR", "goal": goal, "filters": filters, "window": window, "enrolment": enrolment,
		"time_zone": p.pick("America/New_York", "Asia/Kolkata", "UTC"), "reward": map[string]any{"kind": "coins", "amount": 1},
		"limits": map[string]any{"completions_per_user": p.IntN(3)}, "audience": audience, "status": "active",
	}})
	if err != nil {
		p.t.Fatal(err)
	}
	var ours []Definition
	if err := json.Unmarshal(text, &ours); err != nil {
		p.t.Fatal(err)
	}
	theirs, err := missioncodec.ParseAll(strings.NewReader(string(text)))
	if err != nil {
		p.t.Fatalf("%s: %v", text, err)
	}
	return ours[0], theirs[0]
}

// lived lets all of it reach a row, and returns where the user stands by the row and by its outcomes.
func (p *past) lived() (*mission.UserRow, map[ProgressKey]Progress) {
	index, known := mission.NewIndex(), map[string]*mission.History{}
	stage := map[*episode]int{}
	var row *mission.UserRow
	got := map[ProgressKey]Progress{}
	take := func(next *mission.UserRow, effects []mission.Effect) {
		row = next
		for _, e := range effects {
			if o, ok := e.(*mission.Outcome); ok {
				k := ProgressKey{o.UserID, o.Mission, o.Version, o.WindowStart}
				x := got[k]
				if x.Outcomes++; o.Kind == mission.Revoked {
					x.Outcomes -= 2
				}
				got[k] = x
			}
		}
	}
	touch := occasion{asked: &mission.Enrolment{ID: "touch", Op: mission.Enrol, UserID: "u", Mission: "none"}}
	for _, x := range append(slices.Clone(p.occasions), touch) {
		switch {
		case x.posting != nil:
			take(mission.Apply(row, x.posting, index.Snapshot(), p.config))
		case x.asked != nil:
			take(mission.ApplyEnrolment(row, x.asked, index.Snapshot(), p.config))
		case x.told != nil:
			take(mission.ApplySegments(row, x.told, index.Snapshot(), p.config))
		default:
			e := x.episode
			known[e.id] = &e.domain[stage[e]]
			stage[e]++
			if p.fresh {
				index = mission.NewIndex()
			}
			for id, h := range known {
				if !p.fresh && id != e.id {
					continue
				}
				if problems := index.Put(id, h); len(problems) > 0 {
					p.t.Fatal(problems)
				}
			}
		}
	}
	for k, x := range ProgressOf("u", row) {
		x.Outcomes = got[k].Outcomes
		got[k] = x
	}
	return row, got
}

// chronicle tells the oracle the same; loosely: without any word on when what arrived.
func (p *past) chronicle(loose bool) (c Chronicle, careers []Career) {
	c.User = "u"
	byID := map[string]int{}
	for i, e := range p.missions {
		byID[e.id] = i
		careers = append(careers, Career{Stages: slices.Clone(e.oracle)})
	}
	total := 0
	for _, x := range p.occasions {
		if x.posting != nil {
			total++
		}
	}
	stage := map[*episode]int{}
	seen := map[string]bool{}
	for _, x := range p.occasions {
		at := Arrival{len(c.Postings), len(c.Postings)}
		if loose {
			at = Arrival{0, total}
		}
		switch {
		case x.posting != nil:
			q := x.posting
			c.Postings = append(c.Postings, Movement{&q.Facts, q.Kind == ledger.PaymentSettled, q.Seq, q.NetBefore, q.NetAfter, q.At})
		case x.asked != nil && !(seen[x.asked.ID] && len(seen) <= verdict.Max):
			again := seen[x.asked.ID]
			seen[x.asked.ID] = true
			c.Turns = append(c.Turns, EnrolmentArrival{at, x.asked.Mission, Turn{x.asked.At, x.asked.Op == mission.Withdraw}, again})
		case x.told != nil && !seen[x.told.ID]:
			seen[x.told.ID] = true
			c.Sets = append(c.Sets, SegmentsArrival{at, Set{x.told.At, x.told.Segments}})
		case x.episode != nil && !p.apart:
			careers[byID[x.episode.id]].Stages[stage[x.episode]].Arrival = at
			stage[x.episode]++
		}
	}
	return c, careers
}

func (p *past) limits() Bounds {
	b := DefaultBounds()
	b.Horizon, b.Payments, b.Late, b.Old = instant.Milli(p.config.ReorderHorizon/time.Millisecond), p.config.MaxRecent, p.config.MaxLate, p.config.MaxOld
	return b
}
