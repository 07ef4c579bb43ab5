package audit

import (
	"net/http"
	"slices"
	"strings"

	rewardcodec "github.com/millrace/millrace/codecs/reward"
	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/oracle"
	"github.com/millrace/millrace/test/model"
)

// compareRewards checks what must hold of budgets and rewards, whoever has won what.
func (t *Tape) compareRewards(v *Verdict, missions []oracle.Mission) {
	o, p := model.NewTreasury(missions...), t.topology
	for topic, take := range map[string]func([]byte) error{
		p.Outcomes.Name: o.Outcome, p.RewardsIn.Name: o.Allotment, p.BudgetReturns.Name: o.Return,
		p.PoolCodes.Name: o.Codes,
		p.Tasks.Name:     o.Task, p.RewardResults.Name: o.Answer, p.Notifications.Name: o.Notice,
		p.Claims.Name: o.Command,
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

// Answer is what a user was told who claimed a reward over HTTP: the last status.
type Answer struct {
	User, Reward string
	Status       int
}

// compareAnswers compares what users were told with the verdicts on their commands, which are the only ones with a
// role.
func (t *Tape) compareAnswers(v *Verdict, answers []Answer) {
	given := map[Answer][]string{} // without a status
	for _, r := range t.records[t.topology.Claims.Name] {
		if c, err := (rewardcodec.Command{}).Decode(r.Value); err == nil && c.Proof.Role != "" {
			of := Answer{User: c.UserID, Reward: c.RewardID}
			given[of] = append(given[of], t.annals.Verdict(c.ID))
		}
	}
	for _, a := range answers {
		got := given[Answer{User: a.User, Reward: a.Reward}]
		fits := len(got) > 0
		switch a.Status {
		case http.StatusAccepted: // it was not known yet
		case http.StatusOK:
			fits = slices.Contains(got, "applied") || slices.Contains(got, "unchanged")
		case http.StatusNotFound:
			fits = slices.Contains(got, "missing")
		default:
			fits = a.Status == http.StatusUnprocessableEntity && slices.Contains(got, "refused")
		}
		v.Answers++
		if !fits {
			v.Differ("claim of %s by %s over HTTP: answer %d, verdicts %q", a.Reward, a.User, a.Status, got)
		}
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
