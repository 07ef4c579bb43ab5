package e2e

import (
	"fmt"
	"reflect"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/oracle"
	"github.com/millrace/millrace/test/model"
	"github.com/millrace/millrace/topology"
)

// treasuryTopics are those that the oracle judges budgets and rewards by.
func treasuryTopics(t *topology.Topology) []string {
	return []string{
		t.Outcomes.Name, t.PoolCodes.Name, t.RewardsIn.Name, t.BudgetReturns.Name, t.Tasks.Name, t.RewardResults.Name, t.Claims.Name,
		t.Notifications.Name, string(t.Budget.Table()), string(t.Rewards.Table()), string(t.TaskQueues.Table()),
	}
}

// audited hands what topics and tables hold to the oracle, and returns what it cannot read.
func audited(log *topicLog, t *topology.Topology, missions []oracle.Mission) (o *model.Treasury, problems []string) {
	o = model.NewTreasury(missions...)
	for _, err := range log.recall(string(t.Rewards.Table())) {
		problems = append(problems, err.Error())
	}
	o.Recall(log.annals)
	give := func(records []*kgo.Record, take func(key string, value []byte) error) {
		for _, rec := range records {
			if watermark.Is(rec.Value) {
				continue
			}
			if err := take(string(rec.Key), rec.Value); err != nil {
				problems = append(problems, fmt.Sprintf("%s-%d-%d: %v", rec.Topic, rec.Partition, rec.Offset, err))
			}
		}
	}
	for topic, take := range map[string]func([]byte) error{
		t.Outcomes.Name: o.Outcome, t.RewardsIn.Name: o.Allotment, t.BudgetReturns.Name: o.Return, t.PoolCodes.Name: o.Codes, t.Tasks.Name: o.Task,
		t.RewardResults.Name: o.Answer, t.Claims.Name: o.Command, t.Notifications.Name: o.Notice,
	} {
		give(log.records[topic], func(_ string, value []byte) error { return take(value) })
	}
	give(log.rows(string(t.Budget.Table())), o.BudgetRow)
	give(log.rows(string(t.Rewards.Table())), o.RewardsRow)
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
	tally := reflect.ValueOf(o.Tally())
	for i := range tally.NumField() {
		if tally.Field(i).Int() == 0 {
			problems = append(problems, "nobody has asked for any "+tally.Type().Field(i).Name)
		}
	}
	if n := len(problems); n > 20 {
		problems = append(problems[:20], fmt.Sprintf("budgets and rewards: %d problems more", n-20))
	}
	return problems
}
