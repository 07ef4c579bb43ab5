package main

import (
	"fmt"
	"log"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/test/smoke/audit"
	"github.com/millrace/millrace/test/smoke/fault"
	"github.com/millrace/millrace/test/smoke/fleet"
)

// result is what came of a run.
type result struct {
	seed    uint64
	events  int64
	plan    fault.Plan
	fleet   *fleet.Fleet
	verdict *audit.Verdict
	// stores is how many of the workers' stores were compared with their changelogs.
	stores    int
	repeated  int // webhooks
	takeovers []takeover
	// wrong is damage that is not among the verdict's numbers: transactions left open, stops that were not graceful.
	wrong []string
}

// takeover is how long after kills a group's slots committed again.
type takeover struct {
	group string
	took  []time.Duration
}

// void says why the run proves nothing; nothing if it does prove something.
func (r *result) void() []string {
	var out []string
	planned := 0
	for _, k := range fault.Kinds() {
		planned += r.plan.Count[k]
		if r.plan.Count[k] > 0 && r.fleet.Applied(k) == 0 {
			out = append(out, fmt.Sprintf("no %v struck, %d were planned", k, r.plan.Count[k]))
		}
	}
	for _, p := range r.plan.Points {
		if r.plan.Count[fault.Failpoint] >= len(r.plan.Points) && r.fleet.Struck(p) == 0 {
			out = append(out, "no worker died at failpoint "+p)
		}
	}
	if r.plan.Count[fault.Freeze] > 0 && r.fleet.Fenced() == 0 {
		out = append(out, "no zombie was fenced")
	}
	if planned == 0 {
		out = append(out, "no fault was planned")
	}
	return append(out, r.verdict.Tame()...)
}

func (r *result) ok() bool { return r.verdict.OK() && len(r.wrong) == 0 && len(r.void()) == 0 }

// line is all that a run prints.
func (r *result) line() string {
	v := r.verdict
	return fmt.Sprintf("seed=%d events=%d kills=%d handler_kills=%d zombies=%d broker_restarts=%d lost=%d duplicated=%d different=%d zombie_records=%d not_judged=%d",
		r.seed, r.events, r.fleet.Applied(fault.Kill), r.fleet.Applied(fault.Handler), r.fleet.Applied(fault.Freeze),
		r.fleet.Applied(fault.Broker),
		v.Lost, v.Duplicated, v.Different, v.Zombie, v.Unjudged)
}

// mostLogged bounds how many findings of one kind are logged.
const mostLogged = 5

// log logs details that the line does not have.
func (r *result) log(logger *log.Logger) {
	logger.Printf("faults: %s; %d processes ended by themselves", r.fleet.Summary(), len(r.fleet.Unasked()))
	logger.Printf("stops under load: %s", spread(r.fleet.Stops()))
	for _, t := range r.takeovers {
		logger.Printf("first commit after a kill, %s: %s", t.group, spread(t.took))
	}
	if w := r.verdict.Want; w != nil {
		logger.Printf("compared: %d events, %d transactions, %d postings, %d attempts, %d windows of users in missions, %d rewards, %d windows, %d statuses and downtimes, %d dead letters of the ledger, %d stores; %d users by what their rows forgot, %d of their missions with several ways",
			w.Events, len(w.Transactions), len(w.Postings), len(w.Attempts), len(w.Progress), r.verdict.AllRewards(),
			len(w.Windows), r.verdict.Standings, len(w.DeadLetters), r.stores, r.verdict.Recalled.Users,
			r.verdict.Recalled.Several)
	}
	t := r.verdict.Tally
	logger.Printf("asked: %d claims granted, %d of what was had already, %d refused, %d over HTTP, %d commands that came again; %d goodwills, %d cancellations, %d spends, %d refused, %d reversed, %d enrolments refused; by time: %d holds, %d expiries",
		t.Claims, t.Unchanged, t.Refused, r.verdict.Answers, t.Repeated, t.Goodwills, t.Cancels,
		t.Spends, t.Shorts, t.Reversals, r.verdict.Refusals,
		t.Holds, t.Expiries)
	logger.Printf("tasks: %d for the provider, %d webhooks, %d effects; %d webhooks came more than once",
		r.verdict.Payouts, r.verdict.Webhooks, r.verdict.Effects, r.repeated)
	count := map[string]int{}
	for _, f := range r.verdict.Findings {
		kind := strings.Join(strings.Fields(f)[:2], " ")
		if count[kind]++; count[kind] <= mostLogged {
			logger.Print(f)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(count)) {
		logger.Printf("%d x %s", count[kind], kind)
	}
	for _, w := range r.wrong {
		logger.Printf("wrong: %s", w)
	}
	for _, w := range r.void() {
		logger.Printf("void: %s", w)
	}
}
