package mission

import (
	"cmp"
	"math"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/views/serve"
)

// MaxShownMissions bounds the missions that have rows of their own: those of which the largest part of the budget is
// used come first.
const MaxShownMissions = 500

// Gauges are read from the tables as Prometheus asks: what has become of budgets. Rows of missions that nothing
// happens to are there, too, and so is every mission after a restart. Of a deployment with several servers each shows
// them all.
type Gauges struct {
	server *Routes

	missions, hidden, minorUnits     *prometheus.Desc
	limit, reserved, spent, left     *prometheus.Desc
	winners, winnersLimit, exhausted *prometheus.Desc
}

// NewGauges returns the gauges of the tables behind s.
func NewGauges(s *Routes) *Gauges {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	account := func(name, help string) *prometheus.Desc {
		return desc(name, help+", in minor units, or coins (currency coins). Missions that are active or paused.",
			"mission", "currency")
	}
	return &Gauges{
		server:   s,
		missions: desc("millrace_missions", "Missions by status.", "status"),
		hidden: desc("millrace_missions_hidden",
			"Missions that are active or paused and beyond the 500 that have rows of their own: less of their budgets is used."),
		minorUnits: desc("millrace_currency_minor_units",
			"Minor units in one unit of a currency: 100 in a rupee, 1 in a yen and in a coin.", "currency"),
		limit:        account("millrace_budget_limit_minor", "What a mission may give in all"),
		reserved:     account("millrace_budget_reserved_minor", "What a mission has promised and not given yet"),
		spent:        account("millrace_budget_spent_minor", "What a mission has given"),
		left:         account("millrace_budget_left_minor", "What a mission may still promise"),
		winners:      desc("millrace_mission_winners", "Rewards of a mission that are reserved or given.", "mission"),
		winnersLimit: desc("millrace_mission_winners_limit", "How many rewards a mission may give.", "mission"),
		exhausted: desc("millrace_mission_exhausted_completions",
			"Completions of a mission for which nothing was left.", "mission"),
	}
}

// Describe implements prometheus.Collector.
func (g *Gauges) Describe(c chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		g.missions, g.hidden, g.minorUnits, g.limit, g.reserved, g.spent, g.left, g.winners, g.winnersLimit,
		g.exhausted,
	} {
		c <- d
	}
}

// Collect implements prometheus.Collector. While a table is loaded there is nothing to show of it.
func (g *Gauges) Collect(c chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value int64, labels ...string) {
		c <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(value), labels...)
	}
	for _, currency := range payment.Currencies() {
		decimals, _ := payment.Exponent(currency)
		gauge(g.minorUnits, int64(math.Pow10(decimals)), currency)
	}
	gauge(g.minorUnits, 1, mission.Coins)
	s := g.server
	if !s.Sources.Catalog.Recovered() {
		return
	}
	count := map[mission.Status]int64{}
	for _, m := range s.Index.all() {
		count[m.status]++
	}
	for _, status := range mission.Statuses() {
		gauge(g.missions, count[status], string(status))
	}
	if !s.Sources.Budget.Recovered() {
		return
	}
	used := g.used()
	gauge(g.hidden, int64(max(0, len(used)-MaxShownMissions)))
	for _, u := range used[:min(len(used), MaxShownMissions)] {
		g.show(u, gauge)
	}
}

// usedBudget is a mission with what the budget group says of it.
type usedBudget struct {
	listedMission
	id  string
	row *budget.Mission // nil: there was no completion yet
}

// share returns how much of what the mission may give is used: of the budget or of the winners, whichever is more.
func (u usedBudget) share() float64 {
	if u.row == nil {
		return 0
	}
	share := 0.0
	if limit := u.limits.Budget; limit > 0 {
		a := u.row.Account(u.unit)
		share = float64(a.Reserved+a.Spent) / float64(limit)
	}
	if limit := u.limits.MaxWinners; limit > 0 {
		share = max(share, float64(u.row.Winners)/float64(limit))
	}
	return share
}

// used returns the missions that are active or paused, those first of which most is used. A row that cannot be read is
// as good as none.
func (g *Gauges) used() []usedBudget {
	s := g.server
	var out []usedBudget
	for id, m := range s.Index.all() {
		if m.status != mission.Active && m.status != mission.Paused {
			continue
		}
		u := usedBudget{listedMission: m, id: id}
		if row, found, err := serve.RowOf(s.Kit, s.Sources.Budget, s.Config.Topology.Budget, id); err == nil && found {
			u.row = row.Mission
		}
		out = append(out, u)
	}
	slices.SortFunc(out, func(a, b usedBudget) int {
		return cmp.Or(cmp.Compare(b.share(), a.share()), cmp.Compare(a.id, b.id))
	})
	return out
}

func (g *Gauges) show(u usedBudget, gauge func(*prometheus.Desc, int64, ...string)) {
	row := u.row
	if row == nil {
		row = &budget.Mission{}
	}
	accounts := row.Accounts
	if !slices.ContainsFunc(accounts, func(a budget.Account) bool { return a.Unit == u.unit }) {
		accounts = append(slices.Clone(accounts), budget.Account{Unit: u.unit})
	}
	for _, a := range accounts {
		gauge(g.reserved, a.Reserved, u.id, a.Unit)
		gauge(g.spent, a.Spent, u.id, a.Unit)
		if limit := u.limits.Budget; limit > 0 && a.Unit == u.unit {
			gauge(g.limit, limit, u.id, a.Unit)
			gauge(g.left, limit-a.Reserved-a.Spent, u.id, a.Unit)
		}
	}
	gauge(g.winners, row.Winners, u.id)
	gauge(g.exhausted, row.Exhausted, u.id)
	if limit := u.limits.MaxWinners; limit > 0 {
		gauge(g.winnersLimit, limit, u.id)
	}
}
