package views

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/tidwall/btree"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
)

// auditIndex knows when each entity of the catalog was changed, newest first: of all, of one kind, of one entity and by one actor.
// It follows from the rows alone, so every server and every restart has the same order. The lines themselves stay in the rows.
type auditIndex struct {
	mu    sync.RWMutex
	lines map[string][]auditLine // by row key
	order btree.Set[string]      // see places
}

// auditLine is what the index knows of a line.
type auditLine struct {
	revision int64
	at       instant.Milli
	actor    string
}

func newAuditIndex() *auditIndex { return &auditIndex{lines: map[string][]auditLine{}} }

// The lists that the index keeps; each begins with a letter of its own.
func wholeAudit() string              { return "a" }
func auditOfKind(kind string) string  { return "k" + counted(kind) }
func auditOfKey(key string) string    { return "e" + counted(key) }
func auditByActor(name string) string { return "u" + counted(name) }

// counted makes sure that no name begins like another with something behind it.
func counted(name string) string { return strconv.Itoa(len(name)) + ":" + name }

// places returns where a line stands in the lists.
func (l auditLine) places(key string) [4]string {
	kind, _, _ := strings.Cut(key, "/")
	at := l.place(key)
	return [4]string{wholeAudit() + at, auditOfKind(kind) + at, auditOfKey(key) + at, auditByActor(l.actor) + at}
}

// place orders lines: the latest first, and of one time by key, the latest revision first.
func (l auditLine) place(key string) string {
	b := reversed(nil, int64(l.at))
	b = append(append(b, key...), 0)
	return string(reversed(b, l.revision))
}

func reversed(b []byte, n int64) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(math.MaxInt64-n))
}

// foundLine is a line with the key of its row.
type foundLine struct {
	key      string
	revision int64
	at       instant.Milli
}

// lineOf reads a place back.
func lineOf(place string) (l foundLine, ok bool) {
	if len(place) < 17 {
		return l, false
	}
	n := func(s string) int64 { return math.MaxInt64 - int64(binary.BigEndian.Uint64([]byte(s))) }
	end := len(place) - 8
	return foundLine{key: place[8 : end-1], revision: n(place[end:]), at: instant.Milli(n(place[:8]))}, true
}

// take brings the lines of a row up to date; nil for a row that is gone.
func (x *auditIndex) take(key string, row *catalog.Row) {
	var next []auditLine
	if row != nil {
		for _, a := range row.Audit {
			next = append(next, auditLine{a.Revision, a.At, a.Actor})
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	before := x.lines[key]
	for _, l := range before {
		if !slices.Contains(next, l) {
			for _, place := range l.places(key) {
				x.order.Delete(place)
			}
		}
	}
	for _, l := range next {
		if !slices.Contains(before, l) {
			for _, place := range l.places(key) {
				x.order.Insert(place)
			}
		}
	}
	if x.lines[key] = next; next == nil {
		delete(x.lines, key)
	}
}

// auditFilter cuts the audit down; empty fields let everything pass.
type auditFilter struct {
	kind, id, actor string
	from, to        instant.Milli // to excluded
}

// list returns the list of the index that has the fewest lines for f to leave out.
func (f auditFilter) list() string {
	switch {
	case f.id != "":
		return auditOfKey(catalog.Key(catalog.Kind(f.kind), f.id))
	case f.actor != "":
		return auditByActor(f.actor)
	case f.kind != "":
		return auditOfKind(f.kind)
	default:
		return wholeAudit()
	}
}

// page returns at most n lines after a place, and the place to go on from, empty at the end.
func (x *auditIndex) page(f auditFilter, after string, n int) (page []foundLine, next string) {
	list := f.list()
	start := list + after
	if after == "" && f.to != 0 {
		start = list + string(reversed(nil, int64(f.to)-1))
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	scanned, last := 0, ""
	x.order.Ascend(start, func(entry string) bool {
		place, within := strings.CutPrefix(entry, list)
		l, ok := lineOf(place)
		if !within || !ok || f.from != 0 && l.at < f.from {
			return false
		}
		if place == after {
			return true
		}
		fits := x.fits(f, l)
		if fits && len(page) == n || scanned == scanLimit {
			next = last
			return false
		}
		if scanned, last = scanned+1, place; fits {
			page = append(page, l)
		}
		return true
	})
	return page, next
}

func (x *auditIndex) fits(f auditFilter, l foundLine) bool {
	if f.kind != "" && !strings.HasPrefix(l.key, f.kind+"/") {
		return false
	}
	if f.actor == "" || f.id == "" {
		return true
	}
	return slices.ContainsFunc(x.lines[l.key], func(a auditLine) bool { return a.revision == l.revision && a.actor == f.actor })
}
