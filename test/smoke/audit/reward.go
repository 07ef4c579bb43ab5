package audit

import (
	"strings"

	"github.com/millrace/millrace/bench/oracle"
	"github.com/millrace/millrace/engine/watermark"
)

// compareRewards checks what must hold of budgets and rewards, whoever has won what.
func (t *Tape) compareRewards(v *Verdict, missions []oracle.Mission) {
	o, p := oracle.NewTreasury(missions...), t.topology
	for topic, take := range map[string]func([]byte) error{
		p.Outcomes.Name: o.Outcome, p.RewardsIn.Name: o.Allotment, p.BudgetReturns.Name: o.Return, p.PoolCodes.Name: o.Codes,
		p.Tasks.Name: o.Task, p.RewardResults.Name: o.Answer, p.Notifications.Name: o.Notice, p.Claims.Name: o.Command,
	} {
		for _, r := range t.records[topic] {
			if watermark.Is(r.Value) {
				continue
			}
			if err := take(r.Value); err != nil {
				v.Differ("%s-%d-%d: %v", r.Topic, r.Partition, r.Offset, err)
			}
		}
	}
	rows := func(table string, take func(string, []byte) error) {
		for k, r := range t.tables[table] {
			if strings.HasPrefix(k.key, reserved) {
				continue
			}
			if err := take(k.key, r.Value); err != nil {
				v.Differ("%s-%d-%d: row %s: %v", table, r.Partition, r.Offset, k.key, err)
			}
		}
	}
	rows(string(p.Budget.Table()), o.BudgetRow)
	rows(string(p.Rewards.Table()), o.RewardsRow)
	o.Recall(t.annals)
	for _, problem := range o.Problems() {
		v.Differ("%s", problem)
	}
	v.Rewards, v.Holdings, v.Tally = o.Rewards(), o.Holdings(), o.Tally()
	if until := o.Until(); until > 0 {
		v.Until = until.Time()
	}
}

// AllRewards returns how many rewards were compared.
func (v *Verdict) AllRewards() int {
	n := 0
	for _, of := range v.Rewards {
		n += of
	}
	return n
}
