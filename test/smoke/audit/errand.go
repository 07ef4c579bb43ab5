package audit

import (
	"strings"

	"github.com/millrace/millrace/test/model"
)

// compareErrands checks that every task has had its effect, under one key, and that no queue has a task left.
func (t *Tape) compareErrands(v *Verdict, effects map[string][]string) {
	e, p := model.NewErrands(), t.topology
	for topic, take := range map[string]func([]byte) error{p.Tasks.Name: e.Task, p.RewardResults.Name: e.Answer} {
		for _, r := range t.records[topic] {
			if err := take(r.Value); err != nil {
				v.Differ("%s-%d-%d: %v", r.Topic, r.Partition, r.Offset, err)
			}
		}
	}
	table := string(p.TaskQueues.Table())
	for k, r := range t.tables[table] {
		if strings.HasPrefix(k.key, reserved) {
			continue
		}
		if err := e.Row(k.key, r.Value); err != nil {
			v.Differ("%s-%d-%d: row %q: %v", table, r.Partition, r.Offset, k.key, err)
		}
	}
	wrong := e.Judge(effects)
	for _, what := range wrong.Lost {
		v.lost(1, "%s", what)
	}
	for _, what := range wrong.Doubled {
		v.duplicated(1, "%s", what)
	}
	for _, what := range wrong.Different {
		v.Differ("%s", what)
	}
	v.Payouts, v.Webhooks = e.Counts()
	v.Effects = len(effects)
	if until := e.Until(); until > 0 && until.Time().After(v.Until) {
		v.Until = until.Time()
	}
}
