package oracle

import "github.com/millrace/millrace/domain/money"

// progress returns how far the payments of one window lead. Those of which nothing is left do not count.
func (v *version) progress(payments []settled) money.Total {
	keys, sum := map[string]bool{}, money.Total{}
	for _, p := range payments {
		if p.net <= 0 {
			continue
		}
		sum = sum.Add(v.worth(p.net))
		if v.metric.key != nil {
			keys[v.metric.key(v, p.facts)] = true
		}
	}
	return v.leads(sum, keys)
}
