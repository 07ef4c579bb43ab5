package mission

import (
	"fmt"
	"slices"
	"sort"
	"time"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
)

// The model is the dumb way: it looks at the end of everything that happened to a user, with its own words for all of
// it.

// world is what happened, in no order.
type world struct {
	histories []history
	commands  []*Enrolment
	segments  []*Segments
}

// expected is where the model sees the user in one mission.
type expected struct {
	version int64
	windows map[string]int64 // progress by the window's name
}

func (w world) expect(h *History) expected {
	h = normalized(h)
	out := expected{windows: map[string]int64{}}
	since, in := w.since(h)
	if !in {
		return out
	}
	v := inForce(h, since)
	out.version = v.Number
	m := v.Mission
	paid := w.counted(h, v, since)
	begin := since
	if m.Window.Start == startFirstPayment && m.Enrolment == OptIn && len(paid) > 0 {
		begin = paid[0][0].CreatedAt
	}
	groups := map[string][]history{}
	for _, x := range paid {
		at := x[0].CreatedAt
		if m.Window.Kind == WindowPerUser && at >= begin+instant.Milli(m.Window.Duration/time.Millisecond) {
			continue
		}
		name := windowName(m, at)
		groups[name] = append(groups[name], x)
	}
	for name, xs := range groups {
		if n := modelProgress(m, xs); n > 0 {
			out.windows[name] = n
		}
	}
	return out
}

func normalized(h *History) *History {
	next := *h
	next.Versions = slices.Clone(h.Versions)
	for i := range next.Versions {
		next.Versions[i].Mission = Normalize(next.Versions[i].Mission)
	}
	return &next
}

// since returns when the user came into the mission.
func (w world) since(h *History) (instant.Milli, bool) {
	var times []instant.Milli
	for _, x := range w.histories {
		v := inForce(h, x[0].CreatedAt)
		if v.Mission.Enrolment == AutomaticEnrolment && w.passes(h, v.Mission, &x[0].Facts) {
			times = append(times, x[0].CreatedAt)
		}
	}
	for _, c := range w.commands {
		if v := inForce(h, c.At); c.Mission == v.Mission.ID && c.Op == Enrol && v.Mission.Enrolment == OptIn {
			times = append(times, c.At)
		}
	}
	if len(times) == 0 {
		return 0, false
	}
	return slices.Min(times), true
}

func inForce(h *History, t instant.Milli) Version {
	best := h.Versions[0]
	for _, v := range h.Versions {
		if v.Number > 1 && t >= v.From {
			best = v
		}
	}
	return best
}

// passes tells whether a payment fits a definition, whoever is in the mission.
func (w world) passes(h *History, m Mission, f *payment.Facts) bool {
	if f.Currency != m.Currency || len(m.Filters) > 0 && f.Labels[payment.Merchant] != m.Filters[0].Values[0].Text {
		return false
	}
	if m.Goal.Metric == MetricDistinct && f.Labels[payment.Merchant] == "" {
		return false
	}
	for _, p := range h.Pauses {
		if f.CreatedAt >= p.From && (p.To == 0 || f.CreatedAt < p.To) {
			return false
		}
	}
	if h.EndedAt != 0 && f.CreatedAt >= h.EndedAt {
		return false
	}
	if m.Window.Kind == WindowFixed && (f.CreatedAt < at(m.Window.From) || f.CreatedAt >= at(m.Window.To)) {
		return false
	}
	return len(m.Audience.Segments) == 0 || slices.Contains(w.segmentsOf(f.CreatedAt), m.Audience.Segments[0])
}

func (w world) segmentsOf(t instant.Milli) []string {
	sets := slices.Clone(w.segments)
	sort.Slice(sets, func(i, j int) bool { return sets[i].At < sets[j].At })
	var now []string
	for i, s := range sets {
		if i == 0 || s.At <= t {
			now = s.Segments
		}
	}
	return now
}

// counted returns the transactions that count, by created_at.
func (w world) counted(h *History, v Version, since instant.Milli) []history {
	var out []history
	for _, x := range w.histories {
		f := &x[0].Facts
		enrolled := f.CreatedAt >= since || inForce(h, f.CreatedAt).Number == v.Number
		if v.Mission.Enrolment == OptIn {
			enrolled = f.CreatedAt >= since && w.isIn(v.Mission.ID, f.CreatedAt)
		}
		if enrolled && w.passes(h, v.Mission, f) {
			out = append(out, x)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i][0].CreatedAt < out[j][0].CreatedAt })
	return out
}

func (w world) isIn(mission string, t instant.Milli) bool {
	in, last := false, instant.Milli(-1)
	for _, c := range w.commands {
		if c.Mission == mission && c.At <= t && (c.At > last || c.At == last && c.Op == Withdraw) {
			in, last = c.Op == Enrol, c.At
		}
	}
	return in
}

// windowName names the window of a mission in which t lies, by what a calendar shows.
func windowName(m Mission, t instant.Milli) string {
	zone, _ := time.LoadLocation(m.TimeZone)
	day := time.UnixMilli(int64(t)).In(zone)
	switch m.Window.Every {
	case EveryDay:
		return day.Format("2006-01-02")
	case EveryWeek:
		year, week := day.ISOWeek()
		return fmt.Sprint(year, " week ", week)
	case EveryMonth:
		return day.Format("2006-01")
	}
	return "only"
}

func modelProgress(m Mission, xs []history) int64 {
	sum := int64(0)
	values, days := map[string]bool{}, map[string]time.Time{}
	zone, _ := time.LoadLocation(m.TimeZone)
	for _, x := range xs {
		net := x[len(x)-1].NetAfter
		if net <= 0 {
			continue
		}
		values[x[0].Labels[payment.Merchant]] = true
		day := time.UnixMilli(int64(x[0].CreatedAt)).In(zone)
		days[day.Format("2006-01-02")] = day
		switch {
		case m.Goal.Metric == MetricCount:
			sum++
		case m.Goal.PerEventCap > 0:
			sum += min(net, m.Goal.PerEventCap)
		default:
			sum += net
		}
	}
	switch m.Goal.Metric {
	case MetricDistinct:
		return int64(len(values))
	case MetricStreak:
		longest := int64(0)
		for _, day := range days {
			run, y, mo, d := int64(0), day.Year(), day.Month(), day.Day()
			for {
				name := time.Date(y, mo, d+int(run), 12, 0, 0, 0, time.UTC).Format("2006-01-02")
				if _, ok := days[name]; !ok {
					break
				}
				run++
			}
			longest = max(longest, run)
		}
		return longest
	}
	return sum
}

// won is what outcomes say is in force, by mission, version and window.
type won map[string]int64

func (l won) add(t *rapid.T, effects []Effect) {
	for _, e := range effects {
		o, ok := e.(*Outcome)
		if !ok {
			continue
		}
		key := fmt.Sprint(o.Mission, " ", o.Version, " ", o.WindowStart)
		if o.Kind == Completed {
			l[key]++
		}
		if o.Iteration != l[key] {
			t.Fatalf("%s iteration %d of %s while %d are in force", o.Kind, o.Iteration, key, l[key])
		}
		if o.Kind == Revoked {
			if l[key]--; l[key] == 0 {
				delete(l, key)
			}
		}
	}
}

// check compares a row with the model.
func (w world) check(t *rapid.T, row *UserRow, histories []*History, outcomes won) {
	want := won{}
	for _, h := range histories {
		id := h.Definition().ID
		x := w.expect(h)
		s := row.State(id)
		got := expected{windows: map[string]int64{}}
		if s.In() {
			got.version = s.Version
			plan, _ := Compile(h)
			c, _ := plan.Version(s.Version)
			for _, tally := range s.Tallies {
				n := c.Progress(tally).Int64()
				got.windows[windowName(c.mission, tally.Start)] = n
				limit := c.mission.Limits.CompletionsPerUser
				if limit == 0 {
					limit = maxCompletions
				}
				if done := min(limit, n/c.mission.Goal.Target); done > 0 {
					want[fmt.Sprint(id, " ", s.Version, " ", tally.Start)] = done
				}
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(x) {
			t.Fatalf("%s: the row says %v, the model %v\n%+v\n%+v", id, got, x, h, s)
		}
	}
	if fmt.Sprint(outcomes) != fmt.Sprint(want) {
		t.Fatalf("outcomes %v, want %v", outcomes, want)
	}
	net := map[string]int64{}
	for _, x := range w.histories {
		net[x[0].Currency] += x[len(x)-1].NetAfter
	}
	for _, r := range row.Received {
		if r.Net.Int64() != net[r.Currency] {
			t.Fatalf("received %s %d, want %d", r.Currency, r.Net.Int64(), net[r.Currency])
		}
	}
}

// step is something that reaches the row.
type step any

// arrive puts everything into a drawn order that keeps the postings of each transaction in theirs, and repeats some of
// it.
func (w world) arrive(t *rapid.T) []step {
	rest := slices.Clone(w.histories)
	commands, segments := slices.Clone(w.commands), slices.Clone(w.segments)
	var out []step
	for len(rest)+len(commands)+len(segments) > 0 {
		i := rapid.IntRange(0, len(rest)+len(commands)+len(segments)-1).Draw(t, "next")
		switch {
		case i < len(rest):
			out = append(out, rest[i][0])
			if rest[i] = rest[i][1:]; len(rest[i]) == 0 {
				rest = slices.Delete(rest, i, i+1)
			}
		case i < len(rest)+len(commands):
			i -= len(rest)
			out = append(out, commands[i])
			commands = slices.Delete(commands, i, i+1)
		default:
			i -= len(rest) + len(commands)
			out = append(out, segments[i])
			segments = slices.Delete(segments, i, i+1)
		}
		if rapid.IntRange(0, 4).Draw(t, "again") == 0 {
			out = append(out, out[rapid.IntRange(0, len(out)-1).Draw(t, "which")])
		}
	}
	return out
}

// reach lets a step reach the row.
func reach(row *UserRow, x step, s *Snapshot) (*UserRow, []Effect) {
	switch x := x.(type) {
	case *ledger.Posting:
		return Apply(row, x, s, DefaultConfig())
	case *Enrolment:
		return ApplyEnrolment(row, x, s, DefaultConfig())
	default:
		return ApplySegments(row, x.(*Segments), s, DefaultConfig())
	}
}
