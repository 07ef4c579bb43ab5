package cluster

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStagesAreEveryGroupInTheOrderOfTheFlow(t *testing.T) {
	want := []Stage{
		{"p.intake", []string{"p.payments"}},
		{"p.ledger", []string{"p.transactions", "p.erasures"}},
		{"p.progress", []string{"p.postings", "p.enrolments", "p.user-segments", "p.erasures", "p.progress-loop"}},
		{"p.budget", []string{"p.outcomes", "p.budget-returns", "p.pool-codes", "p.budget-loop"}},
		{"p.rewards", []string{"p.rewards-in", "p.claims", "p.reward-results", "p.erasures", "p.rewards-loop"}},
		{"p.budget", []string{"p.budget-returns", "p.budget-loop"}},
		{"p.health", []string{"p.attempts", "p.health-loop"}},
		{"p.catalog", []string{"p.catalog-commands"}},
		{"p.budget", []string{"p.pool-codes", "p.budget-loop"}},
		{"p.routing", []string{"p.health-scores", "p.overrides", "p.health-settings"}},
		{"p.tasks", []string{"p.tasks", "p.task-results", "p.task-commands", "p.erasures", "p.tasks-loop"}},
		{"p.rewards", []string{"p.reward-results", "p.rewards-loop"}},
		{"p.deadletters", []string{"p.dead-letters", "p.dead-letter-commands"}},
		{"p.intake", []string{"p.payments"}}, // replays
		{"p.tasks", []string{"p.tasks", "p.task-commands", "p.tasks-loop"}},
	}
	if diff := cmp.Diff(want, Stages(deployment("p."))); diff != "" {
		t.Error(diff)
	}
	tables := []string{"p.ledger-table", "p.progress-table", "p.budget-table", "p.rewards-table", "p.health-table", "p.catalog-table", "p.routing-table", "p.tasks-table", "p.deadletters-table"}
	if diff := cmp.Diff(tables, Tables(deployment("p."))); diff != "" {
		t.Error(diff)
	}
}

func TestSpecsOfAGroupAreAllThatItTouches(t *testing.T) {
	tests := map[string][]string{
		"p.intake":   {"p.payments", "p.transactions", "p.dead-letters"},
		"p.progress": {"p.postings", "p.outcomes", "p.enrolments", "p.user-segments", "p.erasures", "p.tasks", "p.audit-users", "p.dead-letters", "p.progress-table", "p.progress-loop", "p.catalog-table"},
		"p.health":   {"p.attempts", "p.health-windows", "p.health-corrections", "p.health-scores", "p.dead-letters", "p.health-table", "p.health-loop", "p.health-timers", "p.catalog-table"},
		"intake":     nil, // names carry the prefix
	}
	for group, want := range tests {
		var got []string
		for _, s := range SpecsOf(deployment("p."), []string{group}) {
			got = append(got, s.Name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", group, diff)
		}
	}
}
