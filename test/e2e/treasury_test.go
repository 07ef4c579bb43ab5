package e2e

import (
	"errors"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/bench/oracle"
	"github.com/millrace/millrace/engine/store"
	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/topology"
)

// treasuryTopics are those that the oracle judges budgets and rewards by.
func treasuryTopics(t *topology.Topology) []string {
	return []string{
		t.Outcomes.Name, t.PoolCodes.Name, t.RewardsIn.Name, t.BudgetReturns.Name, t.Tasks.Name, t.RewardResults.Name, t.Claims.Name,
		t.Notifications.Name, string(t.Budget.Table()), string(t.Rewards.Table()),
	}
}

// audited hands what topics and tables hold to the oracle, and returns what it cannot read.
func audited(log *topicLog, t *topology.Topology, missions []oracle.Mission) (o *oracle.Treasury, problems []string) {
	o = oracle.NewTreasury(missions...)
	annals := oracle.NewAnnals()
	o.Recall(annals)
	for topic, take := range map[string]func(*kgo.Record) error{
		t.Outcomes.Name:          func(rec *kgo.Record) error { return o.Outcome(rec.Value) },
		t.RewardsIn.Name:         func(rec *kgo.Record) error { return o.Allotment(rec.Value) },
		t.BudgetReturns.Name:     func(rec *kgo.Record) error { return o.Return(rec.Value) },
		t.PoolCodes.Name:         func(rec *kgo.Record) error { return o.Codes(rec.Value) },
		t.Tasks.Name:             func(rec *kgo.Record) error { return o.Task(rec.Value) },
		t.RewardResults.Name:     func(rec *kgo.Record) error { return o.Answer(rec.Value) },
		t.Claims.Name:            func(rec *kgo.Record) error { return o.Command(rec.Value) },
		t.Notifications.Name:     func(rec *kgo.Record) error { return o.Notice(rec.Value) },
		string(t.Budget.Table()): func(rec *kgo.Record) error { return o.BudgetRow(string(rec.Key), rec.Value) },
		string(t.Rewards.Table()): func(rec *kgo.Record) error {
			return errors.Join(annals.RewardsRow(string(rec.Key), rec.Value), o.RewardsRow(string(rec.Key), rec.Value))
		},
	} {
		for _, rec := range log.records[topic] {
			if watermark.Is(rec.Value) || strings.HasPrefix(string(rec.Key), store.Reserved) {
				continue
			}
			if err := take(rec); err != nil {
				problems = append(problems, fmt.Sprintf("%s-%d-%d: %v", rec.Topic, rec.Partition, rec.Offset, err))
			}
		}
	}
	return o, problems
}

// treasury returns what is wrong with budgets and rewards, or that there were too few of a kind.
func (r *run) treasury() []string {
	r.t.Helper()
	o, problems := audited(r.log, r.topo, oracleMissions(r.t))
	problems = append(problems, o.Problems()...)
	rewards := o.Rewards()
	for _, state := range []string{"granted", "claimable", "exhausted", "cancelled", "clawed_back", "failed"} {
		if rewards[state] == 0 {
			problems = append(problems, "the traffic has no reward that is "+state)
		}
	}
	if n := len(problems); n > 20 {
		problems = append(problems[:20], fmt.Sprintf("budgets and rewards: %d problems more", n-20))
	}
	return problems
}
