package codecs

import (
	"fmt"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/instant"
)

const budgetReturnVersion = 1

// Fields of what becomes of a reservation.
const (
	returnMovement = iota + 1
	returnMission
	returnUnit
	returnAmount
	returnPool
	returnCode
	returnReward
	returnEpoch
	returnAt
)

// BudgetReturn is the codec of `budget-returns`.
type BudgetReturn struct{}

// Encode returns v in binary; it never fails.
func (BudgetReturn) Encode(v *budget.Return) ([]byte, error) {
	w := wire.NewWriter(budgetReturnVersion, 128)
	w.String(returnMovement, string(v.Movement))
	w.String(returnMission, v.Mission)
	w.String(returnUnit, v.Unit)
	w.Int(returnAmount, v.Amount)
	w.String(returnPool, v.Pool)
	w.String(returnCode, v.Code)
	w.String(returnReward, v.RewardID)
	w.Int(returnEpoch, v.Epoch)
	w.Int(returnAt, int64(v.At))
	return w.B, nil
}

// Decode reads what Encode wrote.
func (BudgetReturn) Decode(b []byte) (*budget.Return, error) {
	v := &budget.Return{}
	r := wire.NewReader(string(b), budgetReturnVersion)
	for r.Next() {
		switch r.Number() {
		case returnMovement:
			v.Movement = budget.Movement(r.String())
		case returnMission:
			v.Mission = r.String()
		case returnUnit:
			v.Unit = r.String()
		case returnAmount:
			v.Amount = r.Int()
		case returnPool:
			v.Pool = r.String()
		case returnCode:
			v.Code = r.String()
		case returnReward:
			v.RewardID = r.String()
		case returnEpoch:
			v.Epoch = r.Int()
		case returnAt:
			v.At = instant.Milli(r.Int())
		}
	}
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("budget return: %w", err)
	}
	return v, nil
}
