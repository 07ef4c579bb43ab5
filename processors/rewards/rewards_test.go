package rewards_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	rewardcodec "github.com/millrace/millrace/codecs/reward"
	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/processors/metric/metrictest"
	"github.com/millrace/millrace/processors/rewards"
	"github.com/millrace/millrace/stream/streamtest"
	"github.com/millrace/millrace/topology"
)

func TestScripts(t *testing.T) {
	registry := prometheus.NewRegistry()
	t.Cleanup(func() { metrictest.Known(t, registry, func(r prometheus.Registerer) { rewards.NewMetrics(r) }) })
	streamtest.Run(t, "testdata/*.txt", scriptConfig(registry, nil))
}

// Every reward by what has become of it, amounts by unit, and how many wait for a provider.
func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	h := streamtest.New(t, scriptConfig(registry, nil))
	result := func(task, reward string, ok bool) {
		h.ConsumeText("reward-results", "u1", fmt.Sprintf(`{"TaskID":%q,"UserID":"u1","RewardID":%q,"Epoch":1,"OK":%t}`, task, reward, ok))
	}
	for _, allotment := range []string{
		"reserved coins", "reserved late mode=claim", "reserved cash kind=cash amount=700", "reserved gift kind=cash amount=5", "reserved small kind=cash amount=9",
		"reserved big kind=custom amount=3", "revoked coins", "exhausted card reason=budget",
	} {
		h.ConsumeText("rewards-in", "u1", allotment)
	}
	result("@cash.1", "@cash", true)
	result("@small.1", "@small", false)
	result("@small.1", "@small", true)
	h.ConsumeText("claims", "u1", "c1 claim @late")
	for _, command := range []string{"c2 spend s:60 tea", "c2 spend s:60 tea", "c3 spend t:10 tea", "c4 reverse_spend t cold", "c5 reverse_spend t cold", "c6 spend u:1000 tea"} {
		h.ConsumeText("claims", "u1", command)
	}
	want := []string{
		"millrace_coins_spend_reversed_total{currency=coins} 10",
		"millrace_coins_spent_total{currency=coins} 70",
		"millrace_reward_commands_total{verdict=applied} 4",
		"millrace_reward_commands_total{verdict=refused} 1",
		"millrace_reward_commands_total{verdict=repeated} 1",
		"millrace_reward_commands_total{verdict=unchanged} 1",
		"millrace_reward_results_stale_total 1",
		"millrace_reward_results_total{kind=cash,result=failed} 1",
		"millrace_reward_results_total{kind=cash,result=ok} 1",
		"millrace_rewards_claimed_total{kind=coins} 1",
		"millrace_rewards_clawed_back_minor_total{currency=coins} 100",
		"millrace_rewards_granted_minor_total{currency=INR} 700",
		"millrace_rewards_granted_minor_total{currency=coins} 200",
		"millrace_rewards_total{kind=cash,state=failed} 1",
		"millrace_rewards_total{kind=cash,state=granted} 1",
		"millrace_rewards_total{kind=cash,state=granting} 3",
		"millrace_rewards_total{kind=coins,state=claimable} 1",
		"millrace_rewards_total{kind=coins,state=clawed_back} 1",
		"millrace_rewards_total{kind=coins,state=exhausted} 1",
		"millrace_rewards_total{kind=coins,state=granted} 2",
		"millrace_rewards_total{kind=custom,state=granting} 1",
	}
	if diff := cmp.Diff(want, metrictest.Moved(t, registry)); diff != "" {
		t.Error(diff)
	}
	waiting := func() string { return strings.Join(h.Sums(), " ") }
	if got := waiting(); !strings.Contains(got, "granting/cash 1") || !strings.Contains(got, "granting/custom 1") {
		t.Errorf("sums %s", got)
	}
	h.ConsumeText("erasures", "u1", `{"UserID":"u1"}`)
	if got := waiting(); !strings.Contains(got, "granting/cash 0") || !strings.Contains(got, "granting/custom 0") {
		t.Errorf("after the erasure: sums %s", got)
	}
}

// A provider's answer, made from the payload of a payout and handed back as its handler does, grants the reward.
func TestAnAnswerToAPayoutGrants(t *testing.T) {
	h := streamtest.New(t, scriptConfig(nil, nil))
	h.ConsumeText("rewards-in", "u1", "reserved cash kind=cash amount=700")
	payout, err := taskcodec.Submission{}.Decode(h.Records("tasks")[0].Value)
	if err != nil {
		t.Fatal(err)
	}
	asked, err := rewardcodec.ParsePayout(payout.Task.Payload)
	if err != nil {
		t.Fatalf("%q: %v", payout.Task.Payload, err)
	}
	output := rewardcodec.ProviderAnswer{UserID: asked.UserID, RewardID: asked.RewardID, Epoch: asked.Epoch, OK: true}.JSON()
	answer, err := rewardcodec.ParseProviderAnswer(output)
	if err != nil {
		t.Fatal(err)
	}
	b, err := rewardcodec.Result{}.Encode(answer.Result(payout.Task.ID))
	if err != nil {
		t.Fatal(err)
	}
	h.Consume(streamtest.Message{Topic: "reward-results", Key: "u1", Partition: -1, Value: b})
	if row := strings.Join(h.Table("u1"), " "); !strings.Contains(row, "@cash granted") {
		t.Error(row)
	}
}

func TestTriggers(t *testing.T) {
	streamtest.Run(t, "testdata/triggers/*.txt", scriptConfig(nil, task.Rules{{On: task.RewardGranted, Kind: "congratulate", Dedupe: task.ByReward}}))
}

func scriptConfig(registry prometheus.Registerer, triggers task.Rules) streamtest.Config {
	t := topology.New(topology.DefaultConfig())
	results := streamtest.JSON(t.RewardResults)
	plain := results.Parse
	results.Parse = func(text string) ([]byte, error) { return plain(named(text)) }
	return streamtest.Config{
		Build: func() streamtest.Processor {
			return streamtest.Processor{Graph: rewards.Graph(func(string) int64 { return 1_000_000 }, triggers, t, rewards.NewMetrics(registry))}
		},
		Topics: []streamtest.Topic{
			streamtest.JSON(t.Erasures),
			{Name: t.RewardsIn.Name, Parse: parseAllotment}, {Name: t.Claims.Name, Parse: parseCommand}, results,
			{Name: t.BudgetReturns.Name, Format: formatReturn}, {Name: t.Tasks.Name, Format: formatTask}, {Name: t.Notifications.Name, Format: formatNotice},
			{Name: t.AuditUsers.Name, Format: func(b []byte) string { return unnamed(string(b)) }},
		},
		Row: formatRow,
	}
}

// id returns the id of the one reward of user u1 in a mission of a script, or goodwill by a command.
func id(name string) string {
	if strings.HasPrefix(name, "cmd") {
		return reward.GoodwillID("u1", name)
	}
	return reward.ID("u1", name, 1, 0, 1)
}

// named puts ids in the place of @name.
func named(text string) string {
	for _, name := range []string{"cash", "coins", "cmd1", "cmd2", "card", "gift", "code", "big", "small", "late"} {
		text = strings.ReplaceAll(text, "@"+name, id(name))
	}
	return text
}

// unnamed is the other way round.
func unnamed(text string) string {
	for _, name := range []string{"cash", "coins", "cmd1", "cmd2", "card", "gift", "code", "big", "small", "late"} {
		text = strings.ReplaceAll(text, id(name), "@"+name)
	}
	return text
}

// parseAllotment takes reserved|exhausted|revoked MISSION, then NAME=VALUE…; it is for user u1.
func parseAllotment(text string) ([]byte, error) {
	words := strings.Fields(text)
	a := &budget.Allotment{
		Verdict: budget.Verdict(words[0]), Mission: words[1], UserID: "u1", Version: 1, Iteration: 1, Currency: "INR", Amount: 100,
		Reward: mission.Reward{Kind: mission.RewardCoins, Amount: 100}, Grant: mission.Grant{Mode: mission.GrantAuto}, Debt: mission.DebtNegative,
		At: 1_772_359_200_000,
	}
	for _, w := range words[2:] {
		name, value, _ := strings.Cut(w, "=")
		var err error
		switch name {
		case "user":
			a.UserID = value
		case "kind":
			a.Reward.Kind = value
		case "amount":
			a.Amount, err = strconv.ParseInt(value, 10, 64)
		case "code":
			a.Code, a.Reward.Kind, a.Reward.Pool = value, mission.RewardGiftCard, "p"
		case "reason":
			a.Reason = value
		case "mode":
			a.Grant.Mode = value
		case "hold":
			a.Grant.Hold, err = time.ParseDuration(value)
		case "expires":
			a.Reward.ExpiresAfter, err = time.ParseDuration(value)
		case "debt":
			a.Debt = value
		default:
			err = fmt.Errorf("no option %s", name)
		}
		if err != nil {
			return nil, err
		}
	}
	return rewardcodec.Allotment{}.Encode(a)
}

// parseCommand takes COMMAND-ID claim|cancel|goodwill|spend|reverse_spend REWARD|KIND:AMOUNT|SPEND:AMOUNT|SPEND
// [REASON]; it is of user u1, or about them.
func parseCommand(text string) ([]byte, error) {
	words := strings.SplitN(text, " ", 4)
	c := &reward.Command{ID: words[0], Op: reward.Op(words[1]), UserID: "u1", Actor: "ann", Proof: audit.Proof{By: audit.ByToken, Role: "editor"}, At: 1_772_359_200_000}
	what, amount, counted := strings.Cut(words[2], ":")
	n, err := strconv.ParseInt(amount, 10, 64)
	switch {
	case counted && err != nil:
		return nil, err
	case c.Op == reward.Spend, c.Op == reward.ReverseSpend:
		c.SpendID, c.Amount, c.Actor, c.Proof.Role = what, n, "shop", audit.RoleService
	case c.Op == reward.Goodwill:
		kind := what
		if c.Reward = (mission.Reward{Kind: kind, Amount: n}); !mission.RewardKindOf(kind).InCoins {
			c.Currency = "INR"
		}
	default:
		c.RewardID = named(words[2])
	}
	if len(words) > 3 {
		c.Reason = words[3]
	}
	return rewardcodec.Command{}.Encode(c)
}

func formatReturn(b []byte) string {
	r, err := rewardcodec.BudgetReturn{}.Decode(b)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(unnamed(fmt.Sprintf("%s %d %s epoch %d %s", r.Movement, r.Amount, r.Unit, r.Epoch, strings.TrimSpace(r.Pool+" "+r.Code))))
}

func formatTask(b []byte) string {
	s, err := taskcodec.Submission{}.Decode(b)
	if err != nil {
		return err.Error()
	}
	x := &s.Task
	return unnamed(fmt.Sprintf("%s %s %s%s %s", x.Kind, x.ID, x.On, onlyOne(s), x.Payload))
}

func onlyOne(s *task.Submission) string {
	if s.Dedupe == "" {
		return ""
	}
	return " once as " + s.Dedupe
}

func formatNotice(b []byte) string {
	n, err := rewardcodec.Notice{}.Decode(b)
	if err != nil {
		return err.Error()
	}
	return unnamed(fmt.Sprintf("%s epoch %d: %s > %s %s at %s", n.RewardID, n.Epoch, n.Previous, n.State, n.Reason, n.At.Time().Format(time.TimeOnly)))
}

func formatRow(b []byte) string {
	row, err := rewardcodec.Row{}.Decode(b)
	if err != nil {
		return err.Error()
	}
	if row.Page != nil {
		return fmt.Sprintf("page of %d, from %d on", len(row.Page), row.Page[0].Number)
	}
	out := fmt.Sprintf("balance %d, debt %d, entries %d of %d", row.Coins.Balance, row.Coins.Debt, len(row.Coins.Entries), row.Coins.Count)
	for _, r := range row.Rewards {
		out += unnamed(fmt.Sprintf("; %s %s", r.ID, r.State))
		if r.Held != nil {
			out += fmt.Sprintf(" holds %d of epoch %d", r.Held.Amount, r.Held.Epoch)
		}
	}
	for _, v := range row.Verdicts {
		out += fmt.Sprintf("; %s %s", v.CommandID, v.Result)
		for _, p := range v.Problems {
			out += fmt.Sprintf(" (%s %s %s)", p.Pointer, p.Code, p.Detail)
		}
	}
	return out
}

// Old coin entries go to pages, which lie in other partitions; each is written once.
func TestPages(t *testing.T) {
	c := scriptConfig(nil, nil)
	c.Partitions = 4
	h := streamtest.New(t, c)
	const n = 2*reward.PageSize + 3
	for i := range n {
		h.ConsumeText("rewards-in", "u1", fmt.Sprintf("reserved mission-%d amount=1", i))
	}
	want := fmt.Sprintf("u1 balance %d, debt 0, entries %d of %d;", n, n-reward.PageSize, n)
	if lines := h.Table("u1"); len(lines) != 2 || !strings.HasPrefix(lines[0], want) || lines[1] != fmt.Sprintf("%s page of %d, from 1 on", reward.PageKey("u1", 0), reward.PageSize) {
		t.Errorf("%.200q", lines)
	}
}
