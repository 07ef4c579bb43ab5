package oracle

import "github.com/millrace/millrace/domain/money"

// progress returns how far the payments of one window lead: of distinct, how many values they have; of streak, the
// longest run of local days. Those of which nothing is left do not count.
func (v *version) progress(payments []settled) money.Total {
	values, days, sum := map[string]bool{}, map[int64]bool{}, money.Total{}
	for _, p := range payments {
		if p.net <= 0 {
			continue
		}
		switch v.Goal.Metric {
		case "count":
			sum = sum.Add(1)
		case "distinct":
			value, _ := field(p.facts, v.Goal.Field)
			values[value] = true
		case "streak":
			days[v.zone.day(p.facts.CreatedAt)] = true
		case "amount":
			amount := p.net
			if limit := v.Goal.PerEventCap; limit > 0 {
				amount = min(amount, limit)
			}
			sum = sum.Add(amount)
		}
	}
	return sum.Add(int64(len(values))).Add(v.zone.run(days))
}
