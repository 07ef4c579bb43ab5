package dev

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/millrace/millrace/cmd/audit"
	"github.com/millrace/millrace/cmd/server"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/topology"
	devviews "github.com/millrace/millrace/views/dev"
	"github.com/millrace/millrace/views/token"
)

// The bounds of what the board looks at: it is asked every second, and tables grow.
const (
	shownUsers   = 3
	looksAtUsers = 1000
	remembers    = 2 * time.Second
	tokenLife    = 12 * time.Hour
)

// board tells the live page what is going on. It remembers its answer for a moment.
type board struct {
	topology *topology.Topology
	tables   *server.Tables
	verdict  func() audit.State // of money
	minter   *token.Minter
	started  time.Time

	mu    sync.Mutex
	made  time.Time
	state devviews.BoardState
	known map[string]string // tokens by user
}

// Board implements views.Board.
func (b *board) Board() devviews.BoardState {
	b.mu.Lock()
	defer b.mu.Unlock()
	if time.Since(b.made) >= remembers {
		b.state, b.made = b.readState(), time.Now()
	}
	return b.state
}

// readState reads the state, counted from the beginning of the data. Between the ledger's figures and those of progress
// lie the postings in flight; whether anything is amiss says the audit.
func (b *board) readState() devviews.BoardState {
	t, state := readTotals(b.topology, b.tables), b.verdict()
	t.judge(state)
	s := devviews.BoardState{
		StartedAt: b.started, Events: t.events, Duplicates: t.duplicates, DeadLetters: t.deadLetters,
		WindowsClosed: t.windows, Money: t.money,
		CheckedAt: state.Checked, Judged: state.Judged,
	}
	for _, id := range b.interesting() {
		text, ok := b.known[id]
		if !ok {
			var err error
			if text, err = b.minter.Mint(id, []token.Role{token.User}, tokenLife); err != nil {
				continue
			}
			b.known[id] = text
		}
		s.Users = append(s.Users, devviews.BoardUser{ID: id, Token: text})
	}
	return s
}

// interesting returns users whose missions are worth looking at: first one with something finished and something under
// way, then those with the most under way.
func (b *board) interesting() []string {
	type candidate struct {
		id   string
		rank int
	}
	var all []candidate
	err := b.tables.Of(b.topology.Progress.Name).Ascend("", func(key string, value []byte) bool {
		if row, err := b.topology.Progress.Row.Decode(value); err == nil {
			if r := rank(row); r > 0 {
				all = append(all, candidate{key, r})
			}
		}
		return len(all) < looksAtUsers
	})
	if err != nil { // the page goes without
		return nil
	}
	slices.SortStableFunc(all, func(x, y candidate) int { return cmp.Compare(y.rank, x.rank) })
	var ids []string
	for _, c := range all[:min(len(all), shownUsers)] {
		ids = append(ids, c.id)
	}
	return ids
}

func rank(row *mission.UserRow) int {
	finished, underWay := 0, 0
	for _, s := range row.States {
		switch {
		case slices.ContainsFunc(s.Tallies, func(t *mission.Tally) bool { return t.Completions > 0 }):
			finished++
		case len(s.Tallies) > 0:
			underWay++
		}
	}
	r := finished + underWay
	if finished > 0 && underWay > 0 {
		r += 10
	}
	return r
}
