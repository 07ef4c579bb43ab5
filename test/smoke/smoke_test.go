package main

import (
	"context"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/millrace/millrace/oracle"
	"github.com/millrace/millrace/test/model"
	"github.com/millrace/millrace/test/smoke/audit"
	"github.com/millrace/millrace/test/smoke/fault"
	"github.com/millrace/millrace/test/smoke/fleet"
)

func flags(t *testing.T, args ...string) options {
	t.Helper()
	t.Setenv(brokerVariable, "")
	o, err := parse(args, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestFlags(t *testing.T) {
	long := flags(t, "-long", "-faults", "all", "-failpoints")
	restart := func(context.Context, bool) error { return nil }
	plan := long.plan(&fleet.Broker{Restart: restart, Hard: true})
	if long.events < 500_000 || plan.Count[fault.Kill]+plan.Count[fault.Failpoint] != 200 || plan.Count[fault.Freeze] != 20 || plan.Count[fault.Handler] != 100 || plan.Handlers != 2 || plan.Count[fault.Broker] == 0 || !plan.HardBroker {
		t.Errorf("%+v, %v", long, plan.Count)
	}
	if n := long.plan(&fleet.Broker{}).Count[fault.Broker]; n != 0 {
		t.Errorf("%d restarts of a broker that cannot be restarted", n)
	}
	short := flags(t, "-seed", "9")
	plan = short.plan(&fleet.Broker{Restart: restart})
	if want := map[fault.Kind]int{fault.Roll: 3, fault.Scale: 2}; !reflect.DeepEqual(plan.Count, want) || plan.Seed != 9 || plan.Events != shortEvents {
		t.Errorf("%+v", plan)
	}
	if o := flags(t, "-duration", "10s", "-rate", "50"); o.events != 500 {
		t.Errorf("%d events", o.events)
	}
	for _, args := range [][]string{{"-faults", "none"}, {"-rate", "-1"}, {"-workers", "0"}, {"-handlers", "0"}, {"-duration", "10s", "-events", "7"}, {"-mutants", "none"}, {"more"}} {
		if _, err := parse(args, io.Discard); err == nil {
			t.Errorf("%v is taken", args)
		}
	}
}

func TestTrafficIsAFunctionOfTheSeed(t *testing.T) {
	traffic := func(seed string) string {
		lines, err := generate(flags(t, "-events", "300", "-seed", seed))
		if err != nil || len(lines) != 300 {
			t.Fatal(len(lines), err)
		}
		var b strings.Builder
		for _, l := range lines {
			b.Write(l.Value)
		}
		return b.String()
	}
	first, again, other := traffic("1"), traffic("1"), traffic("2")
	if first != again || first == other {
		t.Error("the same seed must make the same traffic, another one other traffic")
	}
}

// wild is what the oracle says of traffic that proves something.
func wild() *model.Result {
	return &model.Result{
		Duplicates: map[string]int{"t": 1}, Windows: map[model.Window]model.Counts{{}: {}},
		Attempts:    map[model.AttemptKey]model.Attempt{{}: {Outcome: "timeout"}},
		Progress:    map[oracle.ProgressKey]oracle.Progress{{}: {Completions: 1}},
		DeadLetters: map[string]string{"a": "conflicting_duplicate", "b": "over_reversal"},
	}
}

// rewards are some of every state that must come about.
func rewards() map[string]int {
	return map[string]int{"granted": 1, "claimable": 1, "exhausted": 1, "clawed_back": 1}
}

func TestARunPassesOnlyIfNothingIsWrongAndSomethingWentWrong(t *testing.T) {
	struck := func() *result {
		f := &fleet.Fleet{Report: t.Logf}
		if err := f.Start(t.Context()); err != nil { // no workers
			t.Fatal(err)
		}
		if err := f.Apply(t.Context(), fault.Fault{Kind: fault.Roll}); err != nil {
			t.Fatal(err)
		}
		return &result{seed: 3, events: 20, fleet: f, plan: fault.Plan{Count: map[fault.Kind]int{fault.Roll: 1}}, verdict: &audit.Verdict{
			Want: wild(), Rewards: rewards(), Answers: 1, Refusals: 1, Payouts: 1, Webhooks: 1, Effects: 1,
			Tally: model.Tally{Claims: 1, Unchanged: 1, Refused: 1, Repeated: 1, Holds: 1, Expiries: 1, Goodwills: 1, Cancels: 1, Spends: 1, Shorts: 1, Reversals: 1},
		}}
	}
	if r := struck(); !r.ok() || r.line() != "seed=3 events=20 kills=0 handler_kills=0 zombies=0 broker_restarts=0 lost=0 duplicated=0 different=0 zombie_records=0 not_judged=0" {
		t.Errorf("%s; void: %v", r.line(), r.void())
	}
	for name, spoil := range map[string]func(*result){
		"lost":             func(r *result) { r.verdict.Lost = 1 },
		"duplicated":       func(r *result) { r.verdict.Duplicated = 1 },
		"different":        func(r *result) { r.verdict.Differ("a row") },
		"zombie":           func(r *result) { r.verdict.Zombie = 1 },
		"not judged":       func(r *result) { r.verdict.Unjudged = 1 },
		"open transaction": func(r *result) { r.wrong = []string{"open"} },
		"nothing planned":  func(r *result) { r.plan.Count = nil },
		"planned, no kill": func(r *result) { r.plan.Count[fault.Kill] = 1 },
		"a failpoint missed": func(r *result) {
			r.plan.Count[fault.Failpoint], r.plan.Points = 1, []string{"here"}
		},
		"tame: no timeouts":           func(r *result) { r.verdict.Want.Attempts = nil },
		"tame: no payouts":            func(r *result) { r.verdict.Payouts = 0 },
		"tame: no webhooks":           func(r *result) { r.verdict.Webhooks = 0 },
		"planned, no handler killed":  func(r *result) { r.plan.Count[fault.Handler] = 1 },
		"tame: no claims":             func(r *result) { r.verdict.Tally.Claims = 0 },
		"tame: no expiries":           func(r *result) { r.verdict.Tally.Expiries = 0 },
		"tame: no spends":             func(r *result) { r.verdict.Tally.Spends = 0 },
		"tame: no reversals":          func(r *result) { r.verdict.Tally.Reversals = 0 },
		"tame: no refused enrolments": func(r *result) { r.verdict.Refusals = 0 },
		"tame: no claw-backs":         func(r *result) { delete(r.verdict.Rewards, "clawed_back") },
	} {
		r := struck()
		spoil(r)
		if r.ok() {
			t.Errorf("%s: the run passes", name)
		}
	}
}
