package mission

import (
	"github.com/millrace/millrace/domain/money"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/word"
)

// The metrics of a goal.
const (
	MetricAmount   = "amount"   // sum of net amounts
	MetricCount    = "count"    // number of payments with something left of them
	MetricDistinct = "distinct" // number of different values of a field
	MetricStreak   = "streak"   // longest run of consecutive local days
)

// metric is one way in which payments count towards a goal: all that there is to know of it.
type metric struct {
	name string
	// minor tells that payments contribute what is left of them, in minor units, and not one each.
	minor bool
	// field tells that the goal names a field, whose values are told apart.
	field bool
	// local tells that local days decide what counts.
	local bool
	// entry returns the entry of a tally that a payment belongs to; nil: tallies have one sum and no entries.
	entry func(c *Compiled, f *payment.Facts) Entry
	// room is how many entries a tally has at most.
	room int
	// progress returns how far a tally is.
	progress func(c *Compiled, t *Tally) money.Total
	// most returns the most that a window lets a goal reach; nil: nothing bounds it.
	most func(m *Mission) int64
	// aim says what the goal asks; amounts are the conditions on the amount of each payment, where there is room for
	// them.
	aim func(m *Mission, amounts string) string
	// amounts tells whether there is; nil: there is not.
	amounts func(g Goal) bool
}

// metrics are all of them, in the order of the contract.
var metrics = []metric{
	{
		name: MetricAmount, minor: true, progress: total,
		aim: func(m *Mission, _ string) string { return "Spend " + payment.FormatMoney(m.Goal.Target, m.Currency) },
	},
	{
		name: MetricCount, progress: total,
		aim: func(m *Mission, _ string) string { return "Make " + counted(m.Goal.Target, "payment", "payments") },
	},
	{
		name: MetricDistinct, field: true, room: MaxDistinct, progress: values,
		entry: func(c *Compiled, f *payment.Facts) Entry {
			value, _ := c.value(f)
			return Entry{Value: value}
		},
		most:    func(*Mission) int64 { return MaxDistinct },
		aim:     aimAtValues,
		amounts: func(Goal) bool { return true },
	},
	{
		name: MetricStreak, local: true, room: MaxDays,
		entry:    func(c *Compiled, f *payment.Facts) Entry { return Entry{Day: c.dayOf(f.CreatedAt)} },
		progress: func(c *Compiled, t *Tally) money.Total { return money.TotalOf(c.longestRun(t.Entries)) },
		most:     mostLocalDays,
		aim:      aimAtDays,
		amounts:  func(g Goal) bool { return g.Target > 1 },
	},
}

// Metrics returns the name of every metric, in the order of the contract.
func Metrics() []string { return word.Names(metrics, metricName) }

func metricName(m *metric) string { return m.name }

// metricOf returns the metric of this name. One that nobody knows is nothing but its name: Validate says so.
func metricOf(name string) metric {
	if m := word.Find(metrics, metricName, name); m != nil {
		return *m
	}
	return metric{name: name, aim: func(*Mission, string) string { return "" }}
}

// InMinorUnits tells whether the goal's target is money.
func (g Goal) InMinorUnits() bool { return metricOf(g.Metric).minor }

// total is the sum of what payments contributed.
func total(_ *Compiled, t *Tally) money.Total { return t.Settled.Plus(t.Recent) }

// values is the number of entries with something left.
func values(_ *Compiled, t *Tally) money.Total {
	n := int64(0)
	for _, e := range t.Entries {
		if e.Settled+e.Recent > 0 {
			n++
		}
	}
	return money.TotalOf(n)
}

func aimAtValues(m *Mission, amounts string) string {
	f := fieldOf(m.Goal.Field)
	by := f.before
	if f.kind == attributeField {
		by = "with "
	}
	return "Pay " + amounts + by + counted(m.Goal.Target, "different "+fieldName(f.id), "different "+
		plural(fieldName(f.id)))
}

func aimAtDays(m *Mission, amounts string) string {
	if m.Goal.Target == 1 {
		return "Make a payment"
	}
	return "Pay " + amounts + "on " + counted(m.Goal.Target, "day", "days") + " in a row"
}
