package model

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	healthcodec "github.com/millrace/millrace/codecs/health"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	paymentcodec "github.com/millrace/millrace/codecs/payment"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/oracle"
	"github.com/millrace/millrace/traffic"
)

// TestAgreesWithTheDomain sends traffic through the domain's decisions one after the other, with maps for tables and
// slices for topics: the pipeline without the plumbing. It takes a second where the end-to-end test takes a minute.
func TestAgreesWithTheDomain(t *testing.T) {
	c := newChain(t)
	cfg := traffic.DefaultConfig()
	cfg.Seed, cfg.Rate, cfg.Flat, cfg.Count = 11, 20, true, 20_000
	cfg.Users, cfg.Merchants, cfg.RefundWithin, cfg.LateBy = 60, 100, 3*time.Minute, 20*time.Hour
	cfg.Hanging, cfg.Overdue, cfg.LateSuccess, cfg.Refunds, cfg.EarlyRefunds = 0.01, 0.005, 0.05, 0.1, 0.2
	cfg.Retries = 0.3
	cfg.Late, cfg.Duplicates, cfg.Altered, cfg.Anomalies, cfg.Poison = 0.05, 0.02, 0.005, 0.01, 0.002
	g, err := traffic.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	poison := 0
	for r, ok := g.Next(); ok; r, ok = g.Next() {
		if reason := c.line(r); r.Kind != traffic.Poisoned && reason != "" || r.Kind == traffic.Poisoned && reason != traffic.Poisons()[r.Poison].Reason {
			t.Fatalf("%s: refused with %q: %.300s", r.Kind, reason, r.Value)
		} else if reason != "" {
			poison++
		}
	}
	if poison == 0 {
		t.Error("no poison")
	}
	c.clock(c.ledgerTime + 3_600_000)
	for _, d := range c.differences() {
		t.Error(d)
	}
}

const chainMissions = `[
{"id":"spend","title":"Spend","currency":"INR","goal":{"metric":"amount","target":500000,"per_event_cap":100000},
 "filters":[{"any":[{"id":"category","operator":"in","values":["food","grocery"]},{"id":"mode","operator":"prefix","values":"credit"}]},
  {"id":"amount","operator":"between","values":[5000,400000]},{"id":"instrument","operator":"nin","values":["hdfc","icici"]}],
 "window":{"kind":"fixed","from":"2026-02-28","to":"2026-03-02"},"time_zone":"Asia/Kolkata",
 "reward":{"kind":"coins","amount":1},"limits":{"completions_per_user":7},"status":"active"},
{"id":"often","title":"Often","currency":"INR","goal":{"metric":"count","target":10},"filters":[],
 "window":{"kind":"fixed","from":"2026-03-01","to":"2026-03-02"},"time_zone":"Asia/Kolkata",
 "reward":{"kind":"coins","amount":1},"limits":{"completions_per_user":0},"status":"active"}]`

// chain is the domain, end to end, for one partition.
type chain struct {
	t    *testing.T
	fold *Fold

	intake               payment.Config
	missions             *mission.Snapshot
	offset               int64
	ledgerTime, attempts instant.Milli
	transactions         map[string]*ledger.Row
	users                map[string]*mission.UserRow
	health               map[string]*health.Row
	observed             *Observed
}

func newChain(t *testing.T) *chain {
	t.Helper()
	var list []oracle.Mission
	if err := json.Unmarshal([]byte(chainMissions), &list); err != nil {
		t.Fatal(err)
	}
	fold, err := New(list...)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := missioncodec.ParseAll(strings.NewReader(chainMissions))
	if err != nil {
		t.Fatal(err)
	}
	index := mission.NewIndex()
	for _, m := range parsed {
		v := mission.NewHistory(m, noon)
		if problems := index.Put(m.ID, &v); len(problems) > 0 {
			t.Fatal(problems)
		}
	}
	return &chain{
		t: t, fold: fold, intake: payment.DefaultConfig(), missions: index.Snapshot(), transactions: map[string]*ledger.Row{},
		users: map[string]*mission.UserRow{}, health: map[string]*health.Row{}, observed: NewObserved(),
	}
}

// line does what intake does, and returns why the line is refused, if it is.
func (c *chain) line(r traffic.Record) payment.Reason {
	origin := payment.Origin{Topic: "payments", Offset: c.offset, Timestamp: instant.Of(r.At), Key: []byte(r.Key)}
	c.offset++
	in, err := paymentcodec.Payments{}.Decode(r.Value)
	if err != nil {
		if known, ok := err.(interface{ DeadLetterReason() string }); ok {
			return payment.Reason(known.DeadLetterReason())
		}
		return payment.Malformed
	}
	n, problem := payment.Normalise(in, origin, c.intake)
	if problem != nil {
		return problem.Reason
	}
	raw, err := paymentcodec.Event{}.Encode(n.Event)
	if err == nil {
		err = c.fold.Add(0, raw)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	e, err := paymentcodec.Event{}.Decode(raw)
	if err != nil {
		c.t.Fatal(err)
	}
	row, effects := ledger.Apply(c.transactions[e.TransactionID], e, c.ledgerTime, ledger.DefaultConfig())
	c.transactions[e.TransactionID] = row
	c.carry(effects)
	c.ledgerTime = max(c.ledgerTime, e.UpdatedAt)
	if err := c.fold.now(c.ledgerTime); err != nil {
		c.t.Fatal(err)
	}
	return ""
}

func (c *chain) carry(effects []ledger.Effect) {
	carry(c.observed.result, effects)
	for _, e := range effects {
		switch e := e.(type) {
		case ledger.Posted:
			row, outcomes := mission.Apply(c.users[e.Posting.UserID], e.Posting, c.missions, mission.DefaultConfig())
			c.users[e.Posting.UserID] = row
			for _, o := range outcomes {
				if o, ok := o.(*mission.Outcome); ok {
					raw, err := missioncodec.Outcome{}.Encode(o)
					if err == nil {
						err = c.observed.Outcome(raw)
					}
					if err != nil {
						c.t.Fatal(err)
					}
				}
			}
		case ledger.Attempted:
			key := e.Attempt.Key()
			next, more := health.Observe(health.DefaultSettings(), c.health[key], e.Attempt, health.Source{Topic: "attempts"}, c.attempts)
			c.health[key] = next
			c.windows(more)
			c.attempts = max(c.attempts, e.Attempt.At)
		}
	}
}

func (c *chain) windows(effects []health.Effect) {
	var loop []*health.ClosedWindow
	for _, e := range effects {
		switch e := e.(type) {
		case health.Finished:
			c.window(e.Record, true)
			loop = append(loop, e.To)
		case health.Silent:
			c.window(e.Record, true)
		case health.Late:
			loop = append(loop, e.To)
		case health.Corrected:
			c.window(e.Record, false)
		case health.Rejected:
			c.t.Errorf("health refuses an attempt: %s", e.Reason)
		}
	}
	for _, w := range loop {
		next, more := health.ApplyClosed(health.DefaultSettings(), c.health[w.Key()], w)
		c.health[w.Key()] = next
		c.windows(more)
	}
}

func (c *chain) window(r *health.WindowRecord, final bool) {
	raw, err := healthcodec.WindowRecord{}.Encode(r)
	if err == nil {
		err = c.observed.Window(raw, final)
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// clock ends the log: payments still pending time out and windows close.
func (c *chain) clock(at instant.Milli) {
	if err := c.fold.now(at); err != nil {
		c.t.Fatal(err)
	}
	c.ledgerTime = at
	for id, row := range c.transactions {
		next, effects := ledger.Due(row, at, ledger.DefaultConfig())
		c.transactions[id] = next
		c.carry(effects)
	}
	var series []string
	for key := range c.health {
		series = append(series, key)
	}
	slices.Sort(series)
	for _, key := range series {
		next, effects := health.AdvanceTo(health.DefaultSettings(), c.health[key], at)
		c.health[key] = next
		c.windows(effects)
	}
}

func (c *chain) differences() []string {
	want := c.fold.Result()

	given := NewObserved()
	for id, row := range c.transactions {
		if row != nil {
			given.rows[id] = row
		}
	}
	given.users = c.users
	given.result = c.observed.result
	got, problems := given.Result()
	return append(append(problems, c.observed.problems...), Compare(want, got)...)
}
