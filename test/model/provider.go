package model

import "strings"

// checkProvider checks what was asked of the provider: every task was answered, and it has paid each reward once net,
// if its user has it, and else not.
func (t *Treasury) checkProvider() {
	paid, answered := map[string]int64{}, 0
	for id, answers := range t.answers {
		answered += len(answers)
		for asked, ok := range answers {
			switch kind := t.tasks[asked]; {
			case kind == "":
				t.problem("reward %s: answer to task %s, which nobody asked for", id, asked)
			case ok && kind == payout:
				paid[id]++
			case ok:
				paid[id]--
			}
		}
	}
	for _, p := range t.purses {
		for _, r := range p.rewards {
			want := int64(0)
			if r.pool == "" && !isCoins(r.kind) && (r.state == "granted" || r.held == "kept") {
				want = 1
			}
			if n := paid[r.id]; n != want {
				t.problem("reward %s for %+v: %s, the provider has paid it %d times net, want %d", r.id, r.win, r.state,
					n, want)
			}
		}
	}
	if answered != len(t.tasks) {
		t.problem("tasks for the provider: %d, of which %d are answered", len(t.tasks), answered)
	}
}

// checkPool checks that each gift code is in one place: on a shelf, or with one person.
func (t *Treasury) checkPool(id string, p *pool) {
	there := map[string]int{}
	for key, codes := range t.shelves {
		if strings.HasPrefix(key, "pool/"+id+"/") {
			for _, code := range codes {
				there[code]++
			}
		}
	}
	for code := range p.imported {
		there[code] += p.out[code]
	}
	for code, n := range there {
		if n != 1 || p.out[code] < 0 || p.out[code] > 1 || !p.imported[code] {
			t.problem("pool %s: code %s is in %d places, handed out %d times and not returned, imported: %t", id, code,
				n, p.out[code], p.imported[code])
		}
	}
	for code := range p.out {
		if !p.imported[code] {
			t.problem("pool %s: code %s was handed out, and never imported", id, code)
		}
	}
	holder := map[string]string{}
	for w, won := range t.wins {
		d, _ := t.definition(w)
		if won.reward == nil || d.Reward.Pool != id {
			continue
		}
		for _, code := range []string{won.reward.code, won.reward.heldCode} {
			if other, twice := holder[code]; twice && code != "" {
				t.problem("pool %s: code %s is with %s and with %s", id, code, other, won.reward.id)
			}
			holder[code] = won.reward.id
		}
	}
}
