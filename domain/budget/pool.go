package budget

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
)

// maxCode bounds a gift code, in bytes; an import refuses longer ones before they come here.
const maxCode = 256

// hashOf is how a code is known again.
func hashOf(code string) uint64 {
	sum := sha256.Sum256([]byte(code))
	return binary.BigEndian.Uint64(sum[:8])
}

// Import sends codes on their way into a pool: each to the row that knows whether it came before. Blank codes and those
// longer than 256 bytes are left out.
func Import(c *Codes) []Effect {
	var rows [knownRows][]string
	for _, code := range c.Codes {
		if code = strings.TrimSpace(code); code != "" && len(code) <= maxCode {
			n := hashOf(code) % knownRows
			rows[n] = append(rows[n], code)
		}
	}
	var effects []Effect
	for n, codes := range rows {
		if len(codes) > 0 {
			effects = append(effects, Moved{knownKey(c.Pool, n), &Move{Step: StepCheck, Codes: codes}})
		}
	}
	return effects
}

// ApplyMove applies a move to the row under key, which may be nil. It returns the row to keep, nil if none is left.
func ApplyMove(row *Row, key string, m *Move) (*Row, []Effect) {
	pool, ofPool := poolOf(key)
	if m.Step == StepRelease && !ofPool && m.Allotment != nil {
		return release(row, m.Allotment)
	}
	wants := m.Step == StepDraw || m.Step == StepTake
	switch {
	case !ofPool || wants != (m.Allotment != nil):
		return row, []Effect{Rejected{"a move that does not fit its row"}}
	case m.Step == StepDraw:
		return draw(row, pool, m.Allotment)
	case m.Step == StepTake:
		return unshelve(row, m.Allotment)
	case m.Step == StepCheck:
		return check(row, pool, m.Codes)
	case m.Step == StepStock, m.Step == StepRestock:
		return stock(row, pool, m)
	case m.Step == StepShelve:
		return shelve(row, m.Codes), nil
	}
	return row, []Effect{Rejected{"a move of an unknown step"}}
}

// draw hands the pool's next code out, or finds it empty.
func draw(row *Row, pool string, a *Allotment) (*Row, []Effect) {
	p := row.pool()
	if p.Available() == 0 {
		p.Missed++
		none := *a
		none.Verdict, none.Reason, none.Amount = Exhausted, ReasonPool, 0
		return &Row{Pool: p}, []Effect{Allotted{&none}, Moved{a.Mission, &Move{Step: StepRelease, Allotment: a}}}
	}
	shelf := shelfKey(pool, p.Drawn)
	p.Drawn++
	return &Row{Pool: p}, []Effect{Moved{shelf, &Move{Step: StepTake, Allotment: a}}}
}

// unshelve removes the first code from a shelf. The head sends no more takes than codes, and sends codes before takes.
func unshelve(row *Row, a *Allotment) (*Row, []Effect) {
	if row == nil || row.Shelf == nil || len(row.Shelf.Codes) == 0 {
		return row, []Effect{Rejected{"a shelf without the code that its pool counts on"}}
	}
	given := *a
	given.Code = row.Shelf.Codes[0]
	rest := row.Shelf.Codes[1:]
	if len(rest) == 0 {
		return nil, []Effect{Allotted{&given}}
	}
	return &Row{Shelf: &Shelf{Codes: rest}}, []Effect{Allotted{&given}}
}

// check tells the pool which codes are new.
func check(row *Row, pool string, codes []string) (*Row, []Effect) {
	var known []uint64
	if row != nil && row.Known != nil {
		known = row.Known.Hashes
	}
	found := &Move{Step: StepStock}
	var fresh []uint64
	for _, code := range codes {
		h := hashOf(code)
		_, before := slices.BinarySearch(known, h)
		i, twice := slices.BinarySearch(fresh, h)
		if before || twice {
			found.Duplicates++
			continue
		}
		fresh = slices.Insert(fresh, i, h)
		found.Codes = append(found.Codes, code)
	}
	return &Row{Known: &Known{Hashes: merged(known, fresh)}}, []Effect{Moved{PoolKey(pool), found}}
}

// KnownKey returns the key of the row that knows whether a pool has a code.
func KnownKey(pool, code string) string { return knownKey(pool, int(hashOf(code)%knownRows)) }

// Has tells whether the row of KnownKey, which may be nil, knows a code.
func (r *Row) Has(code string) bool {
	if r == nil || r.Known == nil {
		return false
	}
	_, known := slices.BinarySearch(r.Known.Hashes, hashOf(code))
	return known
}

// merged returns the elements of two sorted lists, sorted. The row that a may belong to stays as it is.
func merged(a, b []uint64) []uint64 {
	out := make([]uint64, 0, len(a)+len(b))
	for len(b) > 0 {
		n, _ := slices.BinarySearch(a, b[0])
		out = append(append(out, a[:n]...), b[0])
		a, b = a[n:], b[1:]
	}
	return append(out, a...)
}

// stock puts codes on shelves, behind the others.
func stock(row *Row, pool string, m *Move) (*Row, []Effect) {
	p := row.pool()
	p.Duplicates += m.Duplicates
	if m.Step == StepRestock {
		p.Returned += int64(len(m.Codes))
	}
	var effects []Effect
	for left := m.Codes; len(left) > 0; {
		n := min(int64(len(left)), ShelfSize-p.Stocked%ShelfSize)
		effects = append(effects, Moved{shelfKey(pool, p.Stocked), &Move{Step: StepShelve, Codes: left[:n]}})
		p.Stocked += n
		left = left[n:]
	}
	return &Row{Pool: p}, effects
}

func shelve(row *Row, codes []string) *Row {
	s := &Shelf{}
	if row != nil && row.Shelf != nil {
		s.Codes = slices.Clone(row.Shelf.Codes)
	}
	s.Codes = append(s.Codes, codes...)
	return &Row{Shelf: s}
}

// pool returns a copy of the pool's part of a row, an empty one if there is none yet.
func (r *Row) pool() *Pool {
	if r == nil || r.Pool == nil {
		return &Pool{}
	}
	p := *r.Pool
	return &p
}
