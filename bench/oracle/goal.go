package oracle

// progress returns how far the payments of one window lead: of distinct, how many values they have; of streak, the longest run
// of local days. Those of which nothing is left do not count.
func (v *version) progress(payments []settled) int64 {
	values, days, sum := map[string]bool{}, map[int64]bool{}, int64(0)
	for _, p := range payments {
		if p.net <= 0 {
			continue
		}
		switch v.Goal.Metric {
		case "count":
			sum++
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
			sum += amount
		}
	}
	return sum + int64(len(values)) + v.zone.run(days)
}
