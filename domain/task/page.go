package task

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

// Bounds of what waits in a row and on its pages. A key has room for 262,144 tasks.
const (
	MaxWaiting      = 512
	MaxWaitingBytes = 256 << 10
	PageTasks       = 256
	PageBytes       = 128 << 10 // or one larger task
	MaxPages        = 1024
)

// A page is fetched when fewer than fetchBelow tasks come before it, and fetchAhead before it is due.
const (
	fetchBelow = 32
	fetchAhead = 2 * time.Second
)

// pageMark stands between an ordering key and what a row of its own is for. Keys have no control characters.
const pageMark = "\x1f"

// filedMark begins the id of a task that has ended.
const filedMark = "="

// PageKey returns the key of the row with a page of waiting tasks.
func PageKey(key string, number int64) string { return key + pageMark + strconv.FormatInt(number, 10) }

// FiledKey returns the key of the row that keeps what has become of a task.
func FiledKey(key, id string) string { return key + pageMark + filedMark + id }

// KeyOf returns the ordering key of a row's key, and whether the row is the queue itself.
func KeyOf(row string) (key string, queue bool) {
	key, _, beside := strings.Cut(row, pageMark)
	return key, !beside
}

// Page is waiting tasks of one priority in a row of its own, by due time and arrival.
type Page struct{ Entries []*Entry }

// PageRef is what a queue knows of a page.
type PageRef struct {
	Number   int64
	Priority int64
	// Due and First are the due time and the number of the page's first task.
	Due   instant.Milli
	First int64
	Count int64
	Bytes int64
}

func (p PageRef) rank() rank { return rank{p.Priority, p.Due, p.First} }

// spill moves what the row has no room for to pages: the tasks that are needed last.
func (t *turn) spill() {
	q := t.q
	if !t.grown || len(q.Waiting) <= MaxWaiting && sizeOf(q.Waiting) <= MaxWaitingBytes {
		return
	}
	order := slices.Clone(q.Waiting)
	slices.SortFunc(order, func(a, b *Entry) int { return needed(a, b, t.now) })
	keep, bytes := 1, order[0].size()
	for keep < len(order) && keep <= MaxWaiting-PageTasks && bytes+order[keep].size() <= MaxWaitingBytes/2 {
		bytes += order[keep].size()
		keep++
	}
	rest := order[keep:]
	q.Waiting = slices.Clone(order[:keep])
	slices.SortFunc(q.Waiting, byRank)
	slices.SortFunc(rest, byRank) // so by priority first
	for len(rest) > 0 {
		n := pageEnd(rest)
		t.write(rest[:n:n])
		rest = rest[n:]
	}
}

func byRank(a, b *Entry) int { return a.rank().compare(b.rank()) }

// needed orders entries by when they are needed: those that are due by rank, before those due later by time.
func needed(a, b *Entry, now instant.Milli) int {
	aLater, bLater := a.Due > now, b.Due > now
	switch {
	case aLater != bLater && aLater:
		return 1
	case aLater != bLater:
		return -1
	case aLater:
		return cmp.Or(cmp.Compare(a.Due, b.Due), byRank(a, b))
	}
	return byRank(a, b)
}

// pageEnd returns how many of the entries, at least one, are of one priority and fit on a page.
func pageEnd(entries []*Entry) int {
	bytes := int64(0)
	for i, e := range entries {
		bytes += e.size()
		if i > 0 && (i == PageTasks || bytes > PageBytes || e.Priority != entries[0].Priority) {
			return i
		}
	}
	return len(entries)
}

func (t *turn) write(entries []*Entry) {
	q := t.q
	q.LastPage++
	first := entries[0]
	q.Pages = append(slices.Clip(q.Pages), PageRef{
		Number: q.LastPage, Priority: first.Priority, Due: first.Due, First: first.Number, Count: int64(len(entries)),
		Bytes: sizeOf(entries),
	})
	t.emit(Paged{PageKey(t.key, q.LastPage), &Page{entries}})
}

// fetch asks for the page whose tasks come next, before they are missed. A page that is due and comes first is fetched
// even if the row is full: its first task then is needed first, so it stays when others go to a page.
func (t *turn) fetch() {
	q := t.q
	if q.Fetching != 0 || len(q.Pages) == 0 {
		return
	}
	page := slices.MinFunc(q.Pages, func(a, b PageRef) int {
		switch {
		case a.Due <= t.now && b.Due <= t.now:
			return a.rank().compare(b.rank())
		default:
			return cmp.Or(cmp.Compare(a.Due, b.Due), a.rank().compare(b.rank()))
		}
	})
	if page.Due > t.now.Add(fetchAhead) {
		return
	}
	before, by := 0, max(t.now, page.Due)
	for _, e := range q.Waiting {
		if e.Due <= by && e.rank().compare(page.rank()) < 0 {
			before++
		}
	}
	full := int64(len(q.Waiting))+page.Count > MaxWaiting || sizeOf(q.Waiting)+page.Bytes > MaxWaitingBytes
	if before >= fetchBelow || full && (before > 0 || page.Due > t.now) {
		return
	}
	q.Fetching = page.Number
	t.emit(Wanted{PageKey(t.key, page.Number), page.Number})
}

// Return takes a page that was asked for.
func Return(q *Queue, key string, number int64, page *Page, p Policy, now instant.Milli) (*Queue, []Effect) {
	t := take(q, key, p, now)
	t.restore(number, page)
	return t.settle()
}

func (t *turn) restore(number int64, page *Page) {
	q := t.q
	i := slices.IndexFunc(q.Pages, func(p PageRef) bool { return p.Number == number })
	if i < 0 || q.Fetching != number {
		t.reject(payment.InvalidField, "a page that its queue did not ask for")
		return
	}
	if int64(len(page.Entries)) != q.Pages[i].Count {
		t.reject(payment.InvalidField, fmt.Sprintf("a page of %d tasks that its queue counts as %d", len(page.Entries),
			q.Pages[i].Count))
	}
	q.Pages = slices.Concat(q.Pages[:i], q.Pages[i+1:])
	q.Fetching = 0
	for _, e := range page.Entries {
		switch {
		case t.doomed(e), e.Erased && !e.Task.mayPay():
			t.conclude(e, Cancelled)
		case t.find(e.Task.ID) != nil: // it was counted when it came
			dropped := *e
			dropped.State = Cancelled
			t.emit(Changed{&dropped, e.State})
			t.emit(Repeated{&e.Task})
		default:
			t.put(e)
		}
	}
	if len(q.Pages) == 0 {
		q.Doomed = nil
	}
}
