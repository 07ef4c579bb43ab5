package reward

import (
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/budget"
)

const budgetReturnVersion = 1

// BudgetReturn is the codec of `budget-returns`.
type BudgetReturn struct{}

// Encode returns v in binary; it never fails.
func (BudgetReturn) Encode(v *budget.Return) ([]byte, error) {
	return wire.Encode(wire.Writing(budgetReturnVersion, 128), v, returnFields)
}

// Decode reads what Encode wrote.
func (BudgetReturn) Decode(b []byte) (*budget.Return, error) {
	return wire.Decode(wire.Reading(b, budgetReturnVersion), "budget return", returnFields)
}

func returnFields(f *wire.Fields, v *budget.Return) {
	f.Text(1, (*string)(&v.Movement))
	f.Text(2, &v.Mission)
	f.Text(3, &v.Unit)
	f.Int(4, &v.Amount)
	f.Text(5, &v.Pool)
	f.Text(6, &v.Code)
	f.Text(7, &v.RewardID)
	f.Int(8, &v.Epoch)
	f.Int(9, (*int64)(&v.At))
}
