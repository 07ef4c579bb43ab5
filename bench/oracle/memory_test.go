package oracle

import (
	"testing"
)

// checked is how many users' missions are compared.
const checked = 20_000

// TestRowIsAmongThePossible lets random pasts reach a row that forgets all the time. Where it is known when everything arrived, there
// is one way only in which the user may stand.
func TestRowIsAmongThePossible(t *testing.T) {
	lossy, several, alone, unknown := 0, 0, 0, 0
	for seed, n := uint64(0), 0; n < checked; seed++ {
		p := lives(t, seed)
		got := p.row()
		for _, loose := range []bool{false, true}[:1+(seed%4)/3] {
			c, careers := p.chronicle(loose)
			limits := p.limits()
			if loose {
				limits.Possibilities = 200 // or it takes long
			}
			m, err := NewMemory(limits, careers...)
			if err != nil {
				t.Fatal(err)
			}
			if m.Needs(c) {
				lossy++
			} else if !loose {
				p.agrees(seed, c, careers, got)
			}
			for id, o := range m.Of(c) {
				n++
				if loose && o.Unknown != "" {
					unknown++
					continue
				}
				if o.Unknown != "" {
					t.Fatalf("seed %d: %s", seed, o.Unknown)
				}
				if len(o.Ways) > 1 {
					several++
				}
				if p.apart && !loose {
					alone++
					if len(o.Ways) != 1 {
						t.Fatalf("seed %d, %s: %d ways, where nothing is left open", seed, id, len(o.Ways))
					}
				}
				if got := of(id, got); !o.Allows(got, true) {
					t.Fatalf("seed %d, loose %t, %s: the row has\n%+v, possible are\n%+v", seed, loose, id, got, o.Ways)
				}
			}
		}
	}
	t.Logf("%d lossy, %d with several ways, %d with one by force, %d unknown", lossy, several, alone, unknown)
	if lossy < checked/10 || several < checked/40 || alone < checked/20 {
		t.Errorf("%d lossy, %d with several ways, %d with one by force: too few", lossy, several, alone)
	}
}

// agrees compares with a fold that knows no order. It says the same of whose rows forget nothing.
func (p *past) agrees(seed uint64, c Chronicle, careers []Career, got map[ProgressKey]Progress) {
	var last []Mission
	for _, x := range careers {
		last = append(last, x.Stages[len(x.Stages)-1].Mission)
	}
	latest := map[string]Movement{}
	for _, m := range c.Postings {
		if m.Seq > latest[m.Facts.TransactionID].Seq {
			latest[m.Facts.TransactionID] = m
		}
	}
	var payments []Payment
	for _, m := range latest {
		payments = append(payments, Payment{m.Facts, m.After})
	}
	turns, sets := map[string][]Turn{}, []Set{}
	for _, a := range c.Turns {
		turns[a.Mission] = append(turns[a.Mission], a.Turn)
	}
	for _, x := range c.Sets {
		sets = append(sets, x.Set)
	}
	if want := NewStanding(last...).Of("u", payments, turns, sets); !(Outlook{Ways: []map[ProgressKey]Progress{want}}).Allows(got, true) {
		p.t.Fatalf("seed %d: nothing is forgotten, the row has\n%+v, the fold\n%+v", seed, got, want)
	}
}
