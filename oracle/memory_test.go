package oracle

import (
	"slices"
	"testing"

	"github.com/millrace/millrace/domain/mission"
)

// checked is how many users' missions are compared.
const checked = 20_000

// compared counts what was compared.
type compared struct{ all, lossy, several, alone, unknown, soonest int }

// compare lets a past reach a row that forgets all the time, and asks whether what came of it is possible. Loose: as
// far as may be known without a word on when what arrived.
func (n *compared) compare(p *past, seed uint64, got map[ProgressKey]Progress, loose bool) {
	c, careers := p.chronicle(loose)
	limits := p.limits()
	if loose {
		limits.Possibilities = 200 // or it takes long
	}
	m, err := NewMemory(limits, careers...)
	if err != nil {
		p.t.Fatal(err)
	}
	if m.Needs(c) {
		n.lossy++
	} else if !loose {
		p.agrees(seed, c, careers, got)
	}
	sure := p.apart && !loose && !slices.ContainsFunc(c.Turns, func(a EnrolmentArrival) bool { return a.Again })
	soonest := m.Of(c.Soonest())
	for id, o := range m.Of(c) {
		n.all++
		for _, way := range soonest[id].Ways {
			if o.Unknown == "" && !o.Allows(way, true) {
				p.t.Fatalf("seed %d, loose %t, %s: all as soon as it may makes\n%+v, possible are\n%+v", seed, loose, id, way, o.Ways)
			}
			n.soonest++
		}
		switch got := of(id, got); {
		case o.Unknown != "" && loose:
			n.unknown++
		case o.Unknown != "":
			p.t.Fatalf("seed %d: %s", seed, o.Unknown)
		case sure && len(o.Ways) != 1:
			p.t.Fatalf("seed %d, %s: %d ways, where nothing is left open", seed, id, len(o.Ways))
		case !o.Allows(got, true):
			p.t.Fatalf("seed %d, loose %t, %s: the row has\n%+v, possible are\n%+v", seed, loose, id, got, o.Ways)
		case sure:
			n.alone++
		case len(o.Ways) > 1:
			n.several++
		}
	}
}

// TestRowIsAmongThePossible lets random pasts reach a row that forgets all the time. Where it is known when everything
// arrived, there is one way only in which the user may stand.
func TestRowIsAmongThePossible(t *testing.T) {
	var n compared
	for seed := uint64(0); n.all < checked; seed++ {
		p := lives(t, seed, false)
		_, got := p.lived()
		n.compare(p, seed, got, false)
		if seed%8 == 7 {
			n.compare(p, seed, got, true)
		}
	}
	t.Logf("%+v", n)
	if n.lossy < checked/10 || n.several < checked/40 || n.alone < checked/20 || n.soonest < checked/2 {
		t.Errorf("%+v: too few", n)
	}
}

// TestRowAtItsBounds does so with pasts that are longer than rows remember windows, switches and segments.
func TestRowAtItsBounds(t *testing.T) {
	var n compared
	cut, switches, sets := 0, 0, 0
	for seed := uint64(0); seed < 150; seed++ {
		p := lives(t, seed, true)
		row, got := p.lived()
		n.compare(p, seed, got, false)
		if len(row.Segments) == mission.MaxSets {
			sets++
		}
		for _, s := range row.States {
			if s.Cut > 0 {
				cut++
			}
			if len(s.Switches) == mission.MaxSwitches {
				switches++
			}
		}
	}
	if cut < 10 || switches < 10 || sets < 10 {
		t.Errorf("%d rows at the bound of windows, %d of switches, %d of sets: too few", cut, switches, sets)
	}
}

// agrees compares with a fold that knows no order. It says the same of whose rows forget nothing.
func (p *past) agrees(seed uint64, c Chronicle, careers []Career, got map[ProgressKey]Progress) {
	var last []Mission
	for _, x := range careers {
		last = append(last, x.Stages[len(x.Stages)-1].Mission)
	}
	turns, sets := map[string][]Turn{}, []Set{}
	for _, a := range c.Turns {
		turns[a.Mission] = append(turns[a.Mission], a.Turn)
	}
	for _, x := range c.Sets {
		sets = append(sets, x.Set)
	}
	standing, err := NewStanding(last...)
	if err != nil {
		p.t.Fatal(err)
	}
	if want := standing.Of("u", c.Payments(), turns, sets); !(Outlook{Ways: []map[ProgressKey]Progress{want}}).Allows(got, true) {
		p.t.Fatalf("seed %d: nothing is forgotten, the row has\n%+v, the fold\n%+v", seed, got, want)
	}
}

// of returns what is there of one mission.
func of(mission string, progress map[ProgressKey]Progress) map[ProgressKey]Progress {
	out := map[ProgressKey]Progress{}
	for k, p := range progress {
		if k.Mission == mission {
			out[k] = p
		}
	}
	return out
}
