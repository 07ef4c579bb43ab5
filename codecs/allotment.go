package codecs

import (
	"fmt"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/instant"
)

const allotmentVersion = 1

// Fields of an allotment.
const (
	allotVerdict = iota + 1
	allotReason
	allotUser
	allotMission
	allotMissionVersion
	allotIteration
	allotWindowStart
	allotCurrency
	allotReward
	allotGrant
	allotDebt
	allotAmount
	allotCode
	allotAt
)

// Allotment is the codec of `rewards-in`.
type Allotment struct{}

// Encode returns a in binary; it never fails.
func (Allotment) Encode(a *budget.Allotment) ([]byte, error) {
	w := wire.NewWriter(allotmentVersion, 192)
	writeAllotment(w, a)
	return w.B, nil
}

// Decode reads what Encode wrote.
func (Allotment) Decode(b []byte) (*budget.Allotment, error) {
	r := wire.NewReader(string(b), allotmentVersion)
	a := readAllotment(&r)
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("allotment: %w", err)
	}
	return a, nil
}

func writeAllotment(w *wire.Writer, a *budget.Allotment) {
	w.String(allotVerdict, string(a.Verdict))
	w.String(allotReason, a.Reason)
	w.String(allotUser, a.UserID)
	w.String(allotMission, a.Mission)
	w.Int(allotMissionVersion, a.Version)
	w.Int(allotIteration, a.Iteration)
	w.Int(allotWindowStart, int64(a.WindowStart))
	w.String(allotCurrency, a.Currency)
	writeReward(w, allotReward, a.Reward)
	writeGrant(w, allotGrant, a.Grant)
	w.String(allotDebt, a.Debt)
	w.Int(allotAmount, a.Amount)
	w.String(allotCode, a.Code)
	w.Int(allotAt, int64(a.At))
}

func readAllotment(r *wire.Reader) *budget.Allotment {
	a := &budget.Allotment{}
	for r.Next() {
		switch r.Number() {
		case allotVerdict:
			a.Verdict = budget.Verdict(r.String())
		case allotReason:
			a.Reason = r.String()
		case allotUser:
			a.UserID = r.String()
		case allotMission:
			a.Mission = r.String()
		case allotMissionVersion:
			a.Version = r.Int()
		case allotIteration:
			a.Iteration = r.Int()
		case allotWindowStart:
			a.WindowStart = instant.Milli(r.Int())
		case allotCurrency:
			a.Currency = r.String()
		case allotReward:
			a.Reward = readReward(r)
		case allotGrant:
			a.Grant = readGrant(r)
		case allotDebt:
			a.Debt = r.String()
		case allotAmount:
			a.Amount = r.Int()
		case allotCode:
			a.Code = r.String()
		case allotAt:
			a.At = instant.Milli(r.Int())
		}
	}
	return a
}
