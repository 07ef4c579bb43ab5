package codecs

import (
	"fmt"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/budget"
)

const budgetMoveVersion = 1

// Fields of a move.
const (
	moveStep = iota + 1
	moveAllotment
	moveCode
	moveDuplicates
)

// BudgetMove is the codec of the budget group's loop.
type BudgetMove struct{}

// Encode returns m in binary; it never fails.
func (BudgetMove) Encode(m *budget.Move) ([]byte, error) {
	w := wire.NewWriter(budgetMoveVersion, 192)
	w.Uint(moveStep, uint64(m.Step))
	if m.Allotment != nil {
		w.Message(moveAllotment, func(w *wire.Writer) { writeAllotment(w, m.Allotment) })
	}
	for _, code := range m.Codes {
		w.Element(moveCode, code)
	}
	w.Int(moveDuplicates, m.Duplicates)
	return w.B, nil
}

// Decode reads what Encode wrote.
func (BudgetMove) Decode(b []byte) (*budget.Move, error) {
	m := &budget.Move{}
	r := wire.NewReader(string(b), budgetMoveVersion)
	for r.Next() {
		switch r.Number() {
		case moveStep:
			m.Step = budget.Step(r.Uint())
		case moveAllotment:
			f := r.Message()
			m.Allotment = readAllotment(&f)
			r.Inherit(&f)
		case moveCode:
			m.Codes = append(m.Codes, r.String())
		case moveDuplicates:
			m.Duplicates = r.Int()
		}
	}
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("move between budget rows: %w", err)
	}
	return m, nil
}
