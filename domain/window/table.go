package window

import (
	"container/heap"
	"maps"
	"slices"
	"time"

	"github.com/millrace/millrace/domain/instant"
)

// Emission is what a Table has to say: a Final (revision 0), a Late event, or the next revision of a closed window.
type Emission[A any] struct {
	Kind     EmissionKind
	Key      string
	Span     Span
	At       instant.Milli // of the event, if it was late
	Revision int64
	Value    A
}

// EmissionKind tells what an Emission is.
type EmissionKind uint8

// The kinds of emissions.
const (
	// EmitFinal: the window closed with Value. Once for each key and window.
	EmitFinal EmissionKind = iota + 1
	// EmitLate: an event, Value, came after the window had closed.
	EmitLate
	// EmitRevision: what the window holds with all that came late.
	EmitRevision
	// EmitBeyond: an event came so late that its window is no longer revised.
	EmitBeyond
)

// Table is the windows of many keys, with an index of the open ones by the time they close, and the closed ones for as
// long as they are revised. Unlike a Set it changes in place.
type Table[A any] struct {
	// Spec must be valid.
	Spec Spec
	// Merge joins what was counted before with what came later. It must change neither.
	Merge func(before, after A) A
	// Horizon is how long past its close a window is revised. 0: for ever.
	Horizon time.Duration

	state     State[A]
	due       dueHeap
	next      map[string]instant.Milli // by key, the one entry of due that counts
	forgotten instant.Milli
}

// State is all that a Table knows: keep it through a restart. Its maps and slices belong to the table.
type State[A any] struct {
	Watermark instant.Milli
	Sets      map[string]Set[A]
	Closed    map[string][]Closed[A] // by end, then start
}

// NewTable returns a table that goes on from state; the zero State is an empty one.
func NewTable[A any](spec Spec, merge func(before, after A) A, state State[A]) *Table[A] {
	t := &Table[A]{Spec: spec, Merge: merge, state: state, next: map[string]instant.Milli{}}
	if t.state.Sets == nil {
		t.state.Sets = map[string]Set[A]{}
	}
	if t.state.Closed == nil {
		t.state.Closed = map[string][]Closed[A]{}
	}
	for _, key := range slices.Sorted(maps.Keys(t.state.Sets)) {
		t.index(key, t.state.Sets[key])
	}
	return t
}

// State returns what NewTable needs to go on.
func (t *Table[A]) State() State[A] { return t.state }

// Open returns how many windows are open.
func (t *Table[A]) Open() int {
	n := 0
	for _, s := range t.state.Sets {
		n += len(s.Open)
	}
	return n
}

// Advance closes the windows that watermark w closes, and returns their finals by closing time, key, and span.
func (t *Table[A]) Advance(w instant.Milli) []Emission[A] {
	if w <= t.state.Watermark {
		return nil
	}
	t.state.Watermark = w
	var out []Emission[A]
	for len(t.due) > 0 && t.due[0].at <= w {
		d := heap.Pop(&t.due).(due)
		if t.next[d.key] != d.at {
			continue
		}
		delete(t.next, d.key)
		// Up to the time of this entry alone, so that finals come in order over all keys.
		set, finals := t.state.Sets[d.key].Advance(t.Spec, d.at)
		t.put(d.key, set)
		for _, f := range finals {
			t.remember(d.key, Close(f))
			out = append(out, Emission[A]{Kind: EmitFinal, Key: d.key, Span: f.Span, Value: f.Value})
		}
	}
	t.forget()
	return out
}

// Add counts an event in the windows of key that are open. Of those that are closed it returns that it is late and
// their next revision.
func (t *Table[A]) Add(key string, at instant.Milli, one A) []Emission[A] {
	set, _ := t.state.Sets[key].Advance(t.Spec, t.state.Watermark)
	set, effects := set.Add(t.Spec, at, one, t.Merge)
	t.put(key, set)
	var out []Emission[A]
	for _, e := range effects {
		if e.Kind != Late {
			continue
		}
		for _, span := range t.lateFor(key, at, e.Span) {
			out = append(out, Emission[A]{Kind: EmitLate, Key: key, Span: span, At: at, Value: one},
				t.revise(key, span, at, one))
		}
	}
	return out
}

// lateFor returns the closed windows that an event late for span belongs to. A session keeps the span of its final: an
// event near it is a correction of that session. Sliding windows of other events may hold the late one, too.
func (t *Table[A]) lateFor(key string, at instant.Milli, span Span) []Span {
	spans := []Span{span}
	switch gap := milli(t.Spec.Gap); t.Spec.Kind {
	case KindSession:
		nearest := instant.Milli(-1)
		for _, c := range t.state.Closed[key] {
			off := max(c.Start-at, at-(c.End-1), 0)
			if off <= gap && (nearest < 0 || off < nearest) {
				nearest, spans[0] = off, c.Span
			}
		}
	case KindSliding:
		for _, c := range t.state.Closed[key] {
			if c.Has(at) && c.Span != span {
				spans = append(spans, c.Span)
			}
		}
		slices.SortFunc(spans, compare)
	case KindTumbling, KindHopping:
	}
	return spans
}

func (t *Table[A]) revise(key string, span Span, at instant.Milli, one A) Emission[A] {
	if t.Horizon > 0 && t.Spec.ClosesAt(span).Add(t.Horizon) < t.state.Watermark {
		return Emission[A]{Kind: EmitBeyond, Key: key, Span: span, At: at, Value: one}
	}
	c := Closed[A]{Span: span}
	i, found := t.findClosed(key, span)
	if found {
		c = t.state.Closed[key][i].Revise(func(a A) A { return t.Merge(a, one) })
		t.state.Closed[key][i] = c
	} else {
		c = c.Revise(func(A) A { return one })
		t.remember(key, c)
	}
	return Emission[A]{Kind: EmitRevision, Key: key, Span: span, At: at, Revision: c.Revision, Value: c.Value}
}

// put keeps a set. An empty one says no more than the watermark does.
func (t *Table[A]) put(key string, set Set[A]) {
	if len(set.Open) == 0 && len(set.Points) == 0 {
		delete(t.state.Sets, key)
		return
	}
	t.state.Sets[key] = set
	t.index(key, set)
}

// index notes when the first window of a set closes. A session that grew closes later than noted: its entry then closes
// nothing.
func (t *Table[A]) index(key string, set Set[A]) {
	if len(set.Open) == 0 {
		return
	}
	at := t.Spec.ClosesAt(set.Open[0].Span)
	if known, ok := t.next[key]; !ok || at < known {
		t.next[key] = at
		heap.Push(&t.due, due{at, key})
	}
}

func (t *Table[A]) findClosed(key string, span Span) (int, bool) {
	return slices.BinarySearchFunc(t.state.Closed[key], span, func(c Closed[A], want Span) int {
		return compare(c.Span, want)
	})
}

func (t *Table[A]) remember(key string, c Closed[A]) {
	i, _ := t.findClosed(key, c.Span)
	t.state.Closed[key] = slices.Insert(t.state.Closed[key], i, c)
}

// forget drops closed windows beyond the horizon, now and then: looking at all keys at every step would cost more than
// it saves.
func (t *Table[A]) forget() {
	if t.Horizon <= 0 || t.state.Watermark < t.forgotten.Add(t.Horizon/16) {
		return
	}
	t.forgotten = t.state.Watermark
	for key, closed := range t.state.Closed { // each for itself; no order matters
		n := 0
		for n < len(closed) && t.Spec.ClosesAt(closed[n].Span).Add(t.Horizon) < t.state.Watermark {
			n++
		}
		if t.state.Closed[key] = closed[n:]; len(closed) == n {
			delete(t.state.Closed, key)
		}
	}
}

type due struct {
	at  instant.Milli
	key string
}

type dueHeap []due

func (h dueHeap) Len() int { return len(h) }
func (h dueHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].key < h[j].key
}
func (h dueHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)   { *h = append(*h, x.(due)) }
func (h *dueHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
