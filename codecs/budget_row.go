package codecs

import (
	"encoding/binary"
	"fmt"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/mission"
)

const budgetRowVersion = 1

// Fields of a budget row and of its messages.
const (
	budgetMission = iota + 1
	budgetPool
	budgetShelf
	budgetKnown

	budgetVersion   = 1
	budgetLimits    = 2
	budgetAccount   = 3
	budgetWinners   = 4
	budgetExhausted = 5

	limitsCompletions = 1
	limitsWinners     = 2
	limitsBudget      = 3
	limitsOver        = 4

	accountUnit     = 1
	accountReserved = 2
	accountSpent    = 3
	accountReturned = 4

	poolStocked    = 1
	poolDrawn      = 2
	poolReturned   = 3
	poolDuplicates = 4
	poolMissed     = 5

	shelfCode = 1

	knownHashes = 1 // eight bytes each
)

// BudgetRow is the codec of the budget table.
type BudgetRow struct{}

// Encode returns row in binary; it never fails.
func (BudgetRow) Encode(row *budget.Row) ([]byte, error) {
	w := wire.NewWriter(budgetRowVersion, 128)
	if row.Mission != nil {
		w.Message(budgetMission, func(w *wire.Writer) { writeBudget(w, row.Mission) })
	}
	if p := row.Pool; p != nil {
		w.Message(budgetPool, func(w *wire.Writer) {
			w.Int(poolStocked, p.Stocked)
			w.Int(poolDrawn, p.Drawn)
			w.Int(poolReturned, p.Returned)
			w.Int(poolDuplicates, p.Duplicates)
			w.Int(poolMissed, p.Missed)
		})
	}
	if row.Shelf != nil {
		w.Message(budgetShelf, func(w *wire.Writer) {
			for _, code := range row.Shelf.Codes {
				w.Element(shelfCode, code)
			}
		})
	}
	if row.Known != nil {
		w.Message(budgetKnown, func(w *wire.Writer) {
			packed := make([]byte, 0, 8*len(row.Known.Hashes))
			for _, h := range row.Known.Hashes {
				packed = binary.BigEndian.AppendUint64(packed, h)
			}
			w.Bytes(knownHashes, packed)
		})
	}
	return w.B, nil
}

func writeBudget(w *wire.Writer, m *budget.Mission) {
	w.Int(budgetVersion, m.Version)
	if m.Limits != (mission.Limits{}) {
		w.Message(budgetLimits, func(w *wire.Writer) {
			w.Int(limitsCompletions, m.Limits.CompletionsPerUser)
			w.Int(limitsWinners, m.Limits.MaxWinners)
			w.Int(limitsBudget, m.Limits.Budget)
			w.String(limitsOver, m.Limits.OverBudget)
		})
	}
	for _, a := range m.Accounts {
		w.Message(budgetAccount, func(w *wire.Writer) {
			w.String(accountUnit, a.Unit)
			w.Int(accountReserved, a.Reserved)
			w.Int(accountSpent, a.Spent)
			w.Int(accountReturned, a.Returned)
		})
	}
	w.Int(budgetWinners, m.Winners)
	w.Int(budgetExhausted, m.Exhausted)
}

// Decode reads what Encode wrote.
func (BudgetRow) Decode(b []byte) (*budget.Row, error) {
	row := &budget.Row{}
	r := wire.NewReader(string(b), budgetRowVersion)
	for r.Next() {
		f := r.Message()
		switch r.Number() {
		case budgetMission:
			row.Mission = readBudget(&f)
		case budgetPool:
			row.Pool = readPoolHead(&f)
		case budgetShelf:
			row.Shelf = &budget.Shelf{}
			for f.Next() {
				if f.Number() == shelfCode {
					row.Shelf.Codes = append(row.Shelf.Codes, f.String())
				}
			}
		case budgetKnown:
			row.Known = &budget.Known{}
			for f.Next() {
				if f.Number() == knownHashes {
					for b := f.Bytes(); len(b) >= 8; b = b[8:] {
						row.Known.Hashes = append(row.Known.Hashes, binary.BigEndian.Uint64(b))
					}
				}
			}
		}
		r.Inherit(&f)
	}
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("budget row: %w", err)
	}
	return row, nil
}

func readBudget(r *wire.Reader) *budget.Mission {
	m := &budget.Mission{}
	for r.Next() {
		switch r.Number() {
		case budgetVersion:
			m.Version = r.Int()
		case budgetLimits:
			m.Limits = readLimits(r)
		case budgetAccount:
			m.Accounts = append(m.Accounts, readAccount(r))
		case budgetWinners:
			m.Winners = r.Int()
		case budgetExhausted:
			m.Exhausted = r.Int()
		}
	}
	return m
}

func readLimits(r *wire.Reader) (l mission.Limits) {
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case limitsCompletions:
			l.CompletionsPerUser = f.Int()
		case limitsWinners:
			l.MaxWinners = f.Int()
		case limitsBudget:
			l.Budget = f.Int()
		case limitsOver:
			l.OverBudget = f.String()
		}
	}
	r.Inherit(&f)
	return l
}

func readAccount(r *wire.Reader) (a budget.Account) {
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case accountUnit:
			a.Unit = f.String()
		case accountReserved:
			a.Reserved = f.Int()
		case accountSpent:
			a.Spent = f.Int()
		case accountReturned:
			a.Returned = f.Int()
		}
	}
	r.Inherit(&f)
	return a
}

func readPoolHead(r *wire.Reader) *budget.Pool {
	p := &budget.Pool{}
	for r.Next() {
		switch r.Number() {
		case poolStocked:
			p.Stocked = r.Int()
		case poolDrawn:
			p.Drawn = r.Int()
		case poolReturned:
			p.Returned = r.Int()
		case poolDuplicates:
			p.Duplicates = r.Int()
		case poolMissed:
			p.Missed = r.Int()
		}
	}
	return p
}
