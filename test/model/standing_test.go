package model

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/oracle"
)

const hour = instant.Milli(3_600_000)

// life is all that happens to one user and one mission, over some days around a change of clocks in New York.
type life struct {
	t        *rapid.T
	began    instant.Milli
	oracle   oracle.Mission
	domain   mission.History
	postings [][]*ledger.Posting // by payment, in order
	asked    []*mission.Enrolment
	sets     []*mission.Segments
}

func (l *life) pick(name string, from ...string) string {
	return rapid.SampledFrom(from).Draw(l.t, name)
}

// time returns some time within the days. It is often one of a few, so that ends meet.
func (l *life) time(name string) instant.Milli {
	step := rapid.SampledFrom([]instant.Milli{60_000, 6 * hour}).Draw(l.t, "step")
	return l.began + instant.Milli(rapid.Int64Range(0, int64(5*24*hour)).Draw(l.t, name))/step*step
}

// definition draws one version. Versions of a mission share the way into it.
func (l *life) definition(enrolment string) (oracle.Definition, mission.Mission) {
	metric := l.pick("metric", "amount", "count", "distinct", "streak")
	goal := map[string]any{"metric": metric, "target": rapid.IntRange(1, 2).Draw(l.t, "target")}
	switch metric {
	case "amount":
		goal["target"], goal["per_event_cap"] = 20, rapid.IntRange(0, 1).Draw(l.t, "capped")*7
	case "distinct":
		goal["field"] = "merchant"
	}
	window := map[string]map[string]any{
		"fixed": {"kind": "fixed", "from": "2026-03-07", "to": "2026-03-09T13:00"}, "day": {"kind": "recurring", "every": "day"},
		"week": {"kind": "recurring", "every": "week"}, "month": {"kind": "recurring", "every": "month"},
		"enrolment": {"kind": "per_user", "duration": "30h", "start": "enrolment"}, "first": {"kind": "per_user", "duration": "30h", "start": "first_payment"},
	}[l.pick("window", "fixed", "day", "week", "month", "enrolment", "first")]
	if every := window["every"]; metric == "streak" && every == "day" {
		goal["target"] = 1
	}
	filters := []any{}
	if rapid.Bool().Draw(l.t, "filtered") {
		filters = append(filters, map[string]any{"id": "amount", "operator": "gte", "values": 5})
	}
	audience := map[string]any{"rollout_percent": rapid.SampledFrom([]int{100, 100, 50}).Draw(l.t, "rollout")}
	if enrolment == "automatic" && rapid.Bool().Draw(l.t, "segmented") {
		audience["segments"] = []string{"gold", "new"}
	}
	text, err := json.Marshal([]any{map[string]any{
		"id": "m", "title": "M", "currency": "INR", "goal": goal, "filters": filters, "window": window, "enrolment": enrolment,
		"time_zone": l.pick("zone", "America/New_York", "Asia/Kolkata", "Pacific/Apia"), "reward": map[string]any{"kind": "coins", "amount": 1},
		"limits": map[string]any{"completions_per_user": rapid.IntRange(0, 2).Draw(l.t, "limit")}, "audience": audience, "status": "active",
	}})
	if err != nil {
		l.t.Fatal(err)
	}
	var ours []oracle.Definition
	if err := json.Unmarshal(text, &ours); err != nil {
		l.t.Fatal(err)
	}
	theirs, err := missioncodec.ParseAll(strings.NewReader(string(text)))
	if err != nil {
		l.t.Fatalf("%s: %v", text, err)
	}
	return ours[0], theirs[0]
}

func (l *life) draw() {
	enrolment := l.pick("enrolment", "automatic", "opt_in")
	ours, theirs := l.definition(enrolment)
	l.oracle = oracle.Mission{Definition: ours}
	l.domain = mission.NewHistory(theirs, l.began)
	for range rapid.IntRange(0, 2).Draw(l.t, "versions") {
		ours, theirs := l.definition(enrolment)
		from := l.time("from")
		next, problems := l.domain.WithVersion(theirs, from, l.began, true)
		if len(problems) > 0 {
			l.t.Fatal(problems)
		}
		l.domain = next
		l.oracle.Later = append(l.oracle.Later, oracle.Version{Definition: ours, From: from})
	}
	if rapid.Bool().Draw(l.t, "paused") {
		from := l.time("pause")
		to := from + instant.Milli(rapid.IntRange(1, 20).Draw(l.t, "hours"))*hour
		l.oracle.Pauses = append(l.oracle.Pauses, oracle.Span{From: from, To: to})
		l.domain = l.domain.WithStatus(mission.Paused, from).WithStatus(mission.Active, to)
		if enrolment == "automatic" && rapid.Bool().Draw(l.t, "ended") {
			l.oracle.EndedAt = to + 30*hour
			l.domain = l.domain.WithStatus(mission.Ended, to+30*hour)
		}
	}
	for i := range rapid.IntRange(1, 14).Draw(l.t, "payments") {
		l.postings = append(l.postings, l.payment(i))
	}
	if enrolment == "opt_in" {
		for i := range rapid.IntRange(0, 5).Draw(l.t, "asked") {
			op := mission.EnrolmentOp(l.pick("op", "enrol", "enrol", "withdraw"))
			l.asked = append(l.asked, &mission.Enrolment{ID: fmt.Sprint("e", i), Op: op, UserID: "u", Mission: "m", At: l.time("asked at")})
		}
		return
	}
	for i := range rapid.IntRange(0, 3).Draw(l.t, "sets") {
		names := strings.Fields(l.pick("segments", "gold", "new vip", "vip", ""))
		l.sets = append(l.sets, &mission.Segments{ID: fmt.Sprint("s", i), UserID: "u", Segments: names, At: l.time("set at")})
	}
}

// payment draws a payment and what becomes of it.
func (l *life) payment(i int) (out []*ledger.Posting) {
	facts := payment.Facts{
		TransactionID: fmt.Sprint("t", i), UserID: "u", AmountMinor: rapid.Int64Range(1, 15).Draw(l.t, "amount"), Currency: l.pick("currency", "INR", "INR", "INR", "USD"),
		Labels: payment.Labels{payment.Merchant: l.pick("merchant", "a", "b", "c", "")}, CreatedAt: l.time("created"),
	}
	net := int64(0)
	for seq := range rapid.IntRange(1, 3).Draw(l.t, "postings") {
		next, kind := facts.AmountMinor, ledger.PaymentSettled
		if seq > 0 {
			next, kind = rapid.Int64Range(0, facts.AmountMinor).Draw(l.t, "net"), ledger.PaymentReversed
		}
		out = append(out, &ledger.Posting{Facts: facts, Kind: kind, Seq: int64(seq + 1), NetBefore: net, NetAfter: next, At: facts.CreatedAt})
		net = next
	}
	return out
}

// lived gives it all to the domain, in an order that a random draw decides, and returns what its row and outcomes say.
func (l *life) lived() (*Result, []string) {
	index := mission.NewIndex()
	if problems := index.Put("m", &l.domain); len(problems) > 0 {
		l.t.Fatal(problems)
	}
	cfg := mission.DefaultConfig()
	cfg.ReorderHorizon = 30 * 24 * time.Hour
	var row *mission.UserRow
	o := NewObserved()
	tell := func(next *mission.UserRow, effects []mission.Effect) {
		row = next
		for _, e := range effects {
			if e, ok := e.(*mission.Outcome); ok {
				raw, err := missioncodec.Outcome{}.Encode(e)
				if err == nil {
					err = o.Outcome(raw)
				}
				if err != nil {
					l.t.Fatal(err)
				}
			}
		}
	}
	var todo [][]func()
	for _, list := range l.postings {
		var steps []func()
		for _, p := range list {
			steps = append(steps, func() { tell(mission.Apply(row, p, index.Snapshot(), cfg)) })
		}
		todo = append(todo, steps)
	}
	for _, e := range l.asked {
		todo = append(todo, []func(){func() { tell(mission.ApplyEnrolment(row, e, index.Snapshot(), cfg)) }})
	}
	for _, s := range l.sets {
		todo = append(todo, []func(){func() { tell(mission.ApplySegments(row, s, index.Snapshot(), cfg)) }})
	}
	for len(todo) > 0 {
		i := rapid.IntRange(0, len(todo)-1).Draw(l.t, "next")
		todo[i][0]()
		if todo[i] = todo[i][1:]; len(todo[i]) == 0 {
			todo = slices.Delete(todo, i, i+1)
		}
	}
	if row != nil {
		o.users["u"] = row
	}
	return o.Result()
}

// TestAgreesWithMissions compares the two on all that can happen to a user, in any order.
func TestAgreesWithMissions(t *testing.T) {
	told := 0
	rapid.Check(t, func(t *rapid.T) {
		l := &life{t: t, began: instant.Of(time.Date(2026, 3, 6, 12, 0, 0, 0, time.UTC))}
		l.draw()
		fold, err := New(l.oracle)
		if err != nil {
			t.Fatal(err)
		}
		u := fold.user("u")
		for _, e := range l.asked {
			u.turns["m"] = append(u.turns["m"], oracle.Turn{At: e.At, Out: e.Op == mission.Withdraw})
		}
		for _, s := range l.sets {
			u.sets = append(u.sets, oracle.Set{At: s.At, Segments: slices.Sorted(slices.Values(s.Segments))})
		}
		for i, list := range l.postings {
			for _, p := range list {
				id := fmt.Sprint("t", i)
				fold.result.Postings[id] = append(fold.result.Postings[id], Posting{User: "u", Before: p.NetBefore, After: p.NetAfter, facts: p.Facts})
			}
		}
		want := fold.Result().Progress
		got, problems := l.lived()
		if d := append(problems, diff("progress", want, got.Progress)...); len(d) > 0 {
			t.Fatalf("wanted by the oracle, given by the domain:\n%s\n%+v", strings.Join(d, "\n"), l.oracle)
		}
		told += len(want)
	})
	if told == 0 {
		t.Error("nobody ever came anywhere")
	}
}
