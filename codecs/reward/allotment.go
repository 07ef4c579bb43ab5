package reward

import (
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/budget"
)

const allotmentVersion = 1

// Allotment is the codec of `rewards-in`.
type Allotment struct{}

// Encode returns a in binary; it never fails.
func (Allotment) Encode(a *budget.Allotment) ([]byte, error) {
	return wire.Encode(wire.Writing(allotmentVersion, 192), a, allotmentFields)
}

// Decode reads what Encode wrote.
func (Allotment) Decode(b []byte) (*budget.Allotment, error) {
	return wire.Decode(wire.Reading(b, allotmentVersion), "allotment", allotmentFields)
}

func allotmentFields(f *wire.Fields, a *budget.Allotment) {
	f.Text(1, (*string)(&a.Verdict))
	f.Text(2, &a.Reason)
	f.Text(3, &a.UserID)
	f.Text(4, &a.Mission)
	f.Int(5, &a.Version)
	f.Int(6, &a.Iteration)
	f.Int(7, (*int64)(&a.WindowStart))
	f.Text(8, &a.Currency)
	for range wire.Value(f, 9, &a.Reward) {
		rewardFields(f, &a.Reward)
	}
	for range wire.Value(f, 10, &a.Grant) {
		grantFields(f, &a.Grant)
	}
	f.Text(11, &a.Debt)
	f.Int(12, &a.Amount)
	f.Text(13, &a.Code)
	f.Int(14, (*int64)(&a.At))
}
