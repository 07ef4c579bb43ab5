package oracle

import (
	"strconv"

	"github.com/millrace/millrace/domain/money"
	"github.com/millrace/millrace/domain/payment"
)

// metric is what the oracle knows of one way in which payments count.
type metric struct {
	name string
	// minor tells that payments contribute what is left of them, and not one each.
	minor bool
	// field tells that a payment must have the field that the goal names.
	field bool
	// key returns what a payment is told apart by; nil: all payments of a window add up.
	key func(v *version, f *payment.Facts) string
	// reached returns how far some keys lead.
	reached func(v *version, keys map[string]bool) int64
	// room is how many keys one window tells apart.
	room func(b Bounds) int
}

// metrics are all that the oracle knows (docs/missions.md#fields).
var metrics = []metric{
	{name: "amount", minor: true},
	{name: "count"},
	{
		name: "distinct", field: true, room: func(b Bounds) int { return b.Values },
		key: func(v *version, f *payment.Facts) string {
			value, _ := field(f, v.Goal.Field)
			return value
		},
		reached: func(_ *version, keys map[string]bool) int64 { return int64(len(keys)) },
	},
	{name: "streak", room: func(b Bounds) int { return b.Days }, key: localDay, reached: longestRun},
}

// metricOf returns nil where the oracle does not know the metric, or not with such a field.
func metricOf(name, field string) *metric {
	for i := range metrics {
		if m := &metrics[i]; m.name == name && (!m.field || field != "" && field != "amount") {
			return m
		}
	}
	return nil
}

func localDay(v *version, f *payment.Facts) string {
	return strconv.FormatInt(v.zone.day(f.CreatedAt), 10)
}

func longestRun(v *version, keys map[string]bool) int64 {
	days := map[int64]bool{}
	for key := range keys {
		day, _ := strconv.ParseInt(key, 10, 64)
		days[day] = true
	}
	return v.zone.run(days)
}

// worth is what a payment that counts contributes while net is left of it.
func (v *version) worth(net int64) int64 {
	switch limit := v.Goal.PerEventCap; {
	case net <= 0:
		return 0
	case !v.metric.minor:
		return 1
	case limit > 0:
		return min(net, limit)
	}
	return net
}

// leads returns how far the sum of some payments, or their keys, lead.
func (v *version) leads(sum money.Total, keys map[string]bool) money.Total {
	if v.metric.key == nil {
		return sum
	}
	return money.TotalOf(v.metric.reached(v, keys))
}
