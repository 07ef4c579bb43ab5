package mission

import (
	"fmt"
	"testing"
	"time"
)

// Missions as operators make them: nearly all name a merchant, some a category or an attribute, a few nothing.
func benchMissions(n int) []Mission {
	out := make([]Mission, n)
	for i := range out {
		m := everything(fmt.Sprintf("m%04d", i), MetricAmount, 50000)
		merchant := "swiggy"
		if i > 3 {
			merchant = fmt.Sprint("shop-", i)
		}
		m.Filters = []Filter{where("amount", Gte, num("10000")), where("merchant", Eq, text(merchant))}
		switch {
		case i%100 == 8:
			m.Filters = nil
		case i%100 == 9:
			m.Filters = []Filter{where("attributes.card", Eq, text(fmt.Sprint("card-", i)))}
		}
		if i >= 10 && m.Filters == nil {
			m.Filters = []Filter{where("category", In, text("fuel"), text("travel"))}
		}
		out[i] = m
	}
	return out
}

// in gives missions a window of a kind.
func in(missions []Mission, w Window) []Mission {
	for i := range missions {
		if w.Kind != WindowFixed {
			missions[i].Window, missions[i].TimeZone = w, "Asia/Kolkata"
		}
	}
	return missions
}

func BenchmarkApply(b *testing.B) {
	for _, w := range []Window{{Kind: WindowFixed}, {Kind: WindowRecurring, Every: EveryDay}, {Kind: WindowPerUser, Duration: 48 * time.Hour}} {
		for _, n := range []int{10, 100, 1000} {
			b.Run(fmt.Sprintf("window=%s/missions=%d", w.Kind, n), func(b *testing.B) { benchApply(b, snapshot(b, in(benchMissions(n), w)...)) })
		}
	}
}

func benchApply(b *testing.B, s *Snapshot) {
	cfg := DefaultConfig()
	base := settled(facts("t", 12550, "2026-03-02T00:00:00Z"))
	var row *UserRow
	for i := range 32 {
		p := *base
		p.TransactionID = fmt.Sprint("warm-", i)
		p.CreatedAt++
		row, _ = Apply(row, &p, s, cfg)
	}
	p := *base
	p.CreatedAt = base.CreatedAt.Add(time.Minute)
	b.ReportAllocs()
	for b.Loop() {
		if next, _ := Apply(row, &p, s, cfg); next == row {
			b.Fatal("nothing happened")
		}
	}
}

// A user's first record after a mission came or changed judges again what the row remembers: for that mission, or, in a
// process that has just begun, for all that may count.
func BenchmarkMeet(b *testing.B) {
	for _, recent := range []int{32, 256} {
		for _, n := range []int{10, 1000} {
			x := NewIndex()
			for _, m := range benchMissions(n) {
				h := NewHistory(m, 1)
				if problems := x.Put(m.ID, &h); problems != nil {
					b.Fatal(problems)
				}
			}
			var row *UserRow
			for i := range recent {
				p := settled(facts(fmt.Sprint("t", i), 12550, "2026-03-02T00:00:00Z"))
				row, _ = Apply(row, p, x.Snapshot(), DefaultConfig())
			}
			h := NewHistory(everything("one", MetricCount, 2), 1)
			if problems := x.Put("one", &h); problems != nil {
				b.Fatal(problems)
			}
			for name, s := range map[string]*Snapshot{"one changed": x.Snapshot(), "begun": newSnapshot(x.Snapshot().plans)} {
				b.Run(fmt.Sprintf("%s/recent=%d/missions=%d", name, recent, n), func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						if Touch(row, "u1", s, DefaultConfig()) == row {
							b.Fatal("nothing happened")
						}
					}
				})
			}
		}
	}
}

// A thousand missions cost about as much as ten: what a posting does not count for, it does not meet.
func TestApplyAllocatesByWhatCounts(t *testing.T) {
	for _, n := range []int{10, 1000} {
		s := snapshot(t, benchMissions(n)...)
		p := settled(facts("t", 12550, "2026-03-02T00:00:00Z"))
		row, _ := Apply(nil, p, s, DefaultConfig())
		next := *p
		next.TransactionID = "u"
		if got := testing.AllocsPerRun(100, func() { Apply(row, &next, s, DefaultConfig()) }); got > 20 {
			t.Errorf("%d missions: %v allocations", n, got)
		}
	}
}

// A user with a hundred days of a daily mission: yesterday's payments leave the row as today's come.
func BenchmarkDaily(b *testing.B) {
	m := everything("m", MetricAmount, 100)
	m.Window, m.TimeZone = Window{Kind: WindowRecurring, Every: EveryDay}, "Asia/Kolkata"
	s := snapshot(b, m)
	var row *UserRow
	begin := at("2026-03-01T00:00:00Z")
	for i := range MaxTallies * 4 {
		p := settled(facts(fmt.Sprint("t", i), 12550, "2026-03-02T00:00:00Z"))
		p.CreatedAt = begin.Add(time.Duration(i) * 6 * time.Hour)
		p.At = p.CreatedAt
		row, _ = Apply(row, p, s, DefaultConfig())
	}
	p := settled(facts("next", 12550, "2026-03-02T00:00:00Z"))
	p.CreatedAt = begin.Add(MaxTallies * 24 * time.Hour)
	p.At = p.CreatedAt
	b.ReportAllocs()
	for b.Loop() {
		if next, _ := Apply(row, p, s, DefaultConfig()); next == row {
			b.Fatal("nothing happened")
		}
	}
}
