package reward

import (
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/budget"
)

const budgetMoveVersion = 1

// BudgetMove is the codec of the budget group's loop.
type BudgetMove struct{}

// Encode returns m in binary; it never fails.
func (BudgetMove) Encode(m *budget.Move) ([]byte, error) {
	return wire.Encode(wire.Writing(budgetMoveVersion, 192), m, moveFields)
}

// Decode reads what Encode wrote.
func (BudgetMove) Decode(b []byte) (*budget.Move, error) {
	return wire.Decode(wire.Reading(b, budgetMoveVersion), "move between budget rows", moveFields)
}

func moveFields(f *wire.Fields, m *budget.Move) {
	f.Byte(1, (*uint8)(&m.Step))
	for a := range wire.Pointer(f, 2, &m.Allotment) {
		allotmentFields(f, a)
	}
	f.Texts(3, &m.Codes)
	f.Int(4, &m.Duplicates)
}
