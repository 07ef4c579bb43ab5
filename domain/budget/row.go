package budget

import (
	"strconv"
	"strings"

	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/money"
)

// Row is one row of the budget table; exactly one of its parts is set. It is immutable.
type Row struct {
	Mission *Mission // under the mission's id
	Pool    *Pool    // under PoolKey
	Shelf   *Shelf   // under shelfKey
	Known   *Known   // under KnownKey
}

// Account counts in one unit.
type Account struct {
	Unit     string
	Reserved int64 // promised, not given yet
	Spent    int64 // given
	Returned int64 // was reserved or spent, and is free again; all that ever was
}

// room returns how much more can be reserved. The three sums together are all that ever was reserved, and what becomes
// of it moves between them; so as long as together they stay within money.MaxTotal none of them overflows.
func (a Account) room() int64 { return money.Room(a.Reserved + a.Spent + a.Returned) }

// Mission is what a mission has promised and given.
type Mission struct {
	// Version is the newest version heard of, of any user. Its Limits hold for all users, whatever version is theirs: a
	// budget is one.
	Version   int64
	Limits    mission.Limits
	Accounts  []Account // by unit
	Winners   int64     // rewards that are reserved or spent
	Exhausted int64     // completions for which nothing was left
}

// Account returns the account of a unit, an empty one if there is none yet.
func (m *Mission) Account(unit string) Account {
	if m != nil {
		for _, a := range m.Accounts {
			if a.Unit == unit {
				return a
			}
		}
	}
	return Account{Unit: unit}
}

// Left returns what the budget has left in a unit, false if there is no limit.
func (m *Mission) Left(unit string) (int64, bool) {
	if m == nil || m.Limits.Budget == 0 {
		return 0, false
	}
	a := m.Account(unit)
	return m.Limits.Budget - a.Spent - a.Reserved, true
}

// ShelfSize is the most codes in one shelf.
const ShelfSize = 200

// Pool is the head of a pool of gift codes. Codes are numbered in the order in which they come, those that come back
// anew; code n lies on shelf n / ShelfSize.
type Pool struct {
	Stocked    int64 // codes put on shelves, those that came back included
	Drawn      int64 // codes handed out
	Returned   int64 // of those handed out: came back unseen
	Duplicates int64 // codes of imports that were known already
	Missed     int64 // draws that found the pool empty
}

// Available returns how many codes there are to hand out.
func (p *Pool) Available() int64 {
	if p == nil {
		return 0
	}
	return p.Stocked - p.Drawn
}

// Imported returns how many different codes ever came in.
func (p *Pool) Imported() int64 {
	if p == nil {
		return 0
	}
	return p.Stocked - p.Returned
}

// Received returns how many codes imports have brought, those that were known already included.
func (p *Pool) Received() int64 {
	if p == nil {
		return 0
	}
	return p.Imported() + p.Duplicates
}

// Shelf holds codes, first in, first out.
type Shelf struct{ Codes []string }

// Known are the hashes of codes that a pool has taken in, sorted.
type Known struct{ Hashes []uint64 }

// knownRows is into how many rows the hashes of a pool are cut. The codes of a command come to each of them in one
// move, 40 or so, and go on together: were there more rows, an import would be as many moves as codes, and outcomes
// would wait for all of them. Were there fewer, rows would be larger: with these a pool of a million codes has 31 KB in
// each, and thirty million are the most that fit.
const knownRows = 256

const (
	poolPrefix = "pool/"
	knownPart  = "known"
)

// PoolKey returns the key of a pool's row, and of `pool-codes`. Ids of missions and pools have no slash.
func PoolKey(pool string) string { return poolPrefix + pool }

// shelfKey returns the key of the shelf on which code n of a pool lies.
func shelfKey(pool string, n int64) string {
	return poolPrefix + pool + "/" + strconv.FormatInt(n/ShelfSize, 10)
}

// knownKey returns the key of one of the rows that know which codes a pool has: those whose hash divided by knownRows
// leaves n.
func knownKey(pool string, n int) string {
	return poolPrefix + pool + "/" + knownPart + "/" + strconv.Itoa(n)
}

// poolOf returns the pool that a row other than a mission's belongs to.
func poolOf(key string) (string, bool) {
	rest, ok := strings.CutPrefix(key, poolPrefix)
	pool, _, _ := strings.Cut(rest, "/")
	return pool, ok && pool != ""
}
