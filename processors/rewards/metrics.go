package rewards

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/processors/metric"
)

// Metrics counts rewards by the states that they come to, their amounts, coins that are spent, verdicts on
// commands, and what providers answer.
type Metrics struct {
	rewards    *prometheus.CounterVec
	claimed    *prometheus.CounterVec
	granted    *metric.Money
	clawedBack *metric.Money
	spent      *metric.Money
	reversed   *metric.Money
	commands   *prometheus.CounterVec
	results    *prometheus.CounterVec
	stale      prometheus.Counter
}

// NewMetrics registers the metrics of the group; with a nil registerer they are kept but not shown.
func NewMetrics(r prometheus.Registerer) *Metrics {
	kinds := metric.LabelOf("kind", mission.RewardKinds()...)
	money := func(name, help string) *metric.Money {
		m := metric.Register(r, metric.NewMoneyCounter(name, help))
		m.Add(mission.Coins, 0)
		return m
	}
	return &Metrics{
		rewards: metric.Counters(r, "millrace_rewards_total",
			"Rewards by the state that they have come to. States that one step passes through are not counted: a reward that is granted at once was never pending.",
			kinds, metric.LabelOf("state", reward.States()...)),
		claimed: metric.Counters(r, "millrace_rewards_claimed_total",
			"Rewards that their users have claimed or scratched.", kinds),
		granted: money("millrace_rewards_granted_minor_total",
			"Amounts of the rewards that were granted, in minor units, or coins."),
		clawedBack: money("millrace_rewards_clawed_back_minor_total",
			"Amounts of the rewards that were clawed back, in minor units, or coins."),
		spent: money("millrace_coins_spent_total", "Coins that services have spent for their users."),
		reversed: money("millrace_coins_spend_reversed_total",
			"Coins of spends that were reversed: they are the users' again."),
		commands: metric.Counters(r, "millrace_reward_commands_total",
			"Commands of users, of support and of services by verdict: applied, unchanged, refused, repeated.",
			metric.LabelOf("verdict", append(verdict.Results(), repeated)...)),
		results: metric.Counters(r, "millrace_reward_results_total",
			"Results of providers, of payments and of claw-backs, by the kind of the reward: ok, failed.",
			kinds, metric.LabelOf("result", resultOK, resultFailed)),
		stale: metric.Register(r, prometheus.NewCounter(prometheus.CounterOpts{
			Name: "millrace_reward_results_stale_total", Help: "Results of providers that no reward waited for.",
		})),
	}
}

// repeated stands for the verdict of a command that came before.
const repeated = "repeated"

// What a provider answers.
const (
	resultOK     = "ok"
	resultFailed = "failed"
)

func (m *Metrics) changed(c reward.Changed) {
	r := c.Reward
	m.rewards.WithLabelValues(r.Kind, string(r.State)).Inc()
	if taken := slices.Contains([]reward.State{reward.Granting, reward.Granted, reward.Redeemed}, r.State); taken &&
		(c.From == reward.Claimable || c.From == reward.Granted && r.State == reward.Redeemed) {
		m.claimed.WithLabelValues(r.Kind).Inc()
	}
	unit := mission.UnitOf(r.Kind, r.Currency)
	if c.Granted() {
		m.granted.Add(unit, r.Amount)
	}
	if r.State == reward.ClawedBack {
		m.clawedBack.Add(unit, r.Amount)
	}
}

// answered counts a provider's result by what follows from it.
func (m *Metrics) answered(row *reward.Row, result *reward.Result, effects []reward.Effect) {
	if slices.ContainsFunc(effects, func(e reward.Effect) bool { _, stale := e.(reward.Stale); return stale }) {
		m.stale.Inc()
		return
	}
	word := resultFailed
	if result.OK {
		word = resultOK
	}
	m.results.WithLabelValues(row.Find(result.RewardID).Kind, word).Inc()
}

func (m *Metrics) judged(row, next *reward.Row, c *reward.Command) {
	if _, ok := row.Verdict(c.ID); ok {
		m.commands.WithLabelValues(repeated).Inc()
		return
	}
	v, ok := next.Verdict(c.ID)
	if !ok {
		return
	}
	m.commands.WithLabelValues(string(v.Result)).Inc()
	switch {
	case v.Result != verdict.Applied:
	case c.Op == reward.Spend:
		m.spent.Add(mission.Coins, c.Amount)
	case c.Op == reward.ReverseSpend:
		m.reversed.Add(mission.Coins, next.Coins.Spending(c.SpendID).Amount)
	}
}
