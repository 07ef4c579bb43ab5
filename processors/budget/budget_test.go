package budget_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	missioncodec "github.com/millrace/millrace/codecs/mission"
	rewardcodec "github.com/millrace/millrace/codecs/reward"

	domain "github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/processors/budget"
	"github.com/millrace/millrace/processors/metric/metrictest"
	"github.com/millrace/millrace/stream/streamtest"
	"github.com/millrace/millrace/topology"
)

func TestScripts(t *testing.T) {
	registry := prometheus.NewRegistry()
	t.Cleanup(func() { metrictest.Known(t, registry, func(r prometheus.Registerer) { budget.NewMetrics(r) }) })
	streamtest.Run(t, "testdata/*.txt", scriptConfig(budget.NewMetrics(registry)))
}

func scriptConfig(m *budget.Metrics) streamtest.Config {
	t := topology.New(topology.DefaultConfig())
	return streamtest.Config{
		Build: func() streamtest.Processor { return streamtest.Processor{Graph: budget.Graph(t, m)} },
		Topics: []streamtest.Topic{
			{Name: t.Outcomes.Name, Parse: parseOutcome}, {Name: t.RewardsIn.Name, Format: formatAllotment},
			streamtest.JSON(t.BudgetReturns), streamtest.JSON(t.PoolCodes),
		},
		Row: formatRow,
	}
}

// parseOutcome takes completed|revoked MISSION USER, then NAME=VALUE….
func parseOutcome(text string) ([]byte, error) {
	words := strings.Fields(text)
	o := &mission.Outcome{
		Kind: mission.OutcomeKind(words[0]), Mission: words[1], UserID: words[2], Version: 1, Iteration: 1, Currency: "INR", At: 1_772_359_200_000,
		Reward: mission.Reward{Kind: mission.RewardCoins, Amount: 100}, Grant: mission.Grant{Mode: mission.GrantAuto},
		Limits: mission.Limits{OverBudget: mission.OverBudgetReject}, Debt: mission.DebtNegative,
	}
	for _, w := range words[3:] {
		name, value, _ := strings.Cut(w, "=")
		n, _ := strconv.ParseInt(value, 10, 64)
		switch name {
		case "version":
			o.Version = n
		case "amount":
			o.Reward.Amount = n
		case "kind":
			o.Reward.Kind = value
		case "pool":
			o.Reward.Kind, o.Reward.Pool = mission.RewardGiftCard, value
		case "budget":
			o.Limits.Budget = n
		case "winners":
			o.Limits.MaxWinners = n
		case "over":
			o.Limits.OverBudget = value
		default:
			return nil, fmt.Errorf("no option %s", name)
		}
	}
	return missioncodec.Outcome{}.Encode(o)
}

func formatAllotment(b []byte) string {
	a, err := rewardcodec.Allotment{}.Decode(b)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s %d %s", a.Verdict, a.Mission, a.Reward.Kind, a.Amount, a.Reason+a.Code))
}

func formatRow(b []byte) string {
	row, err := rewardcodec.BudgetRow{}.Decode(b)
	switch {
	case err != nil:
		return err.Error()
	case row.Mission != nil:
		m := row.Mission
		out := fmt.Sprintf("winners %d, exhausted %d, budget %d", m.Winners, m.Exhausted, m.Limits.Budget)
		for _, a := range m.Accounts {
			out += fmt.Sprintf("; %s reserved %d spent %d returned %d", a.Unit, a.Reserved, a.Spent, a.Returned)
		}
		return out
	case row.Pool != nil:
		return fmt.Sprintf("pool %+v", *row.Pool)
	case row.Shelf != nil:
		return fmt.Sprintf("shelf %v", row.Shelf.Codes)
	default:
		return fmt.Sprintf("known %d", len(row.Known.Hashes))
	}
}

// A pool of several shelves, over many partitions: every code once.
func TestPoolOverPartitions(t *testing.T) {
	r := prometheus.NewRegistry()
	m := budget.NewMetrics(r)
	c := scriptConfig(m)
	c.Partitions = 4
	h := streamtest.New(t, c)
	const codes = 2*domain.ShelfSize + 50
	var list []string
	for i := range codes {
		list = append(list, fmt.Sprintf("%q", fmt.Sprint("code-", i)))
	}
	h.ConsumeText("pool-codes", "pool/p", `{"Pool":"p","Codes":[`+strings.Join(list, ",")+`]}`)
	for i := range 5 {
		h.ConsumeText("outcomes", fmt.Sprint("m", i), fmt.Sprintf("completed m%d u%d pool=p amount=5", i, i))
	}
	seen := map[string]bool{}
	for _, line := range h.Emitted("rewards-in") {
		seen[line[strings.LastIndex(line, " ")+1:]] = true
	}
	if len(seen) != 5 {
		t.Errorf("handed out: %v", seen)
	}
	left := 0
	for _, line := range h.Table("pool/p/") {
		if strings.Contains(line, " shelf ") {
			left += len(strings.Fields(line)) - 2
		}
	}
	if left != codes-5 {
		t.Errorf("%d codes are left of %d", left, codes)
	}
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, x := range f.GetMetric() {
			if l := x.GetLabel(); f.GetName() == "millrace_pool_codes_total" && l[0].GetValue() == "stocked" && x.GetCounter().GetValue() != codes {
				t.Errorf("%g codes are counted", x.GetCounter().GetValue())
			}
		}
	}
}
