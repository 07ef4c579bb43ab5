package codecs

import (
	"fmt"
	"time"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/reward"
)

const rewardsRowVersion = 1

// Fields of a rewards row and of its messages.
const (
	rewardsReward = iota + 1
	rewardsBalance
	rewardsDebt
	rewardsCount
	rewardsEntry
	rewardsVerdict
	rewardsNow
	rewardsPage // an entry of a page
	rewardsAudited

	entryNumber  = 1
	entryReward  = 2
	entryKind    = 3
	entryAmount  = 4
	entryBalance = 5
	entryAt      = 6
)

// Fields of one reward.
const (
	rewardID = iota + 1
	rewardNumber
	rewardMission
	rewardMissionVersion
	rewardIteration
	rewardWindowStart
	rewardEpoch
	rewardKind
	rewardPool
	rewardAmount
	rewardCurrency
	rewardMode
	rewardHold
	rewardExpires
	rewardDebt
	rewardCode
	rewardState
	rewardReason
	rewardNote
	rewardBy
	rewardCompletedAt
	rewardSince
	rewardAvailableAt
	rewardExpiresAt
	rewardRevoked
	rewardBarred
	rewardAhead
	rewardPaid
	rewardHeld

	heldHold   = 1
	heldEpoch  = 2
	heldAmount = 3
	heldCode   = 4
	heldEnded  = 5
)

// RewardsRow is the codec of the rewards table.
type RewardsRow struct{}

// Encode returns row in binary; it never fails.
func (RewardsRow) Encode(row *reward.Row) ([]byte, error) {
	w := wire.NewWriter(rewardsRowVersion, 64+160*len(row.Rewards)+48*len(row.Coins.Entries)+48*len(row.Page))
	for _, r := range row.Rewards {
		w.Message(rewardsReward, func(w *wire.Writer) { writeOneReward(w, r) })
	}
	w.Int(rewardsBalance, row.Coins.Balance)
	w.Int(rewardsDebt, row.Coins.Debt)
	w.Int(rewardsCount, row.Coins.Count)
	for i := range row.Coins.Entries {
		w.Message(rewardsEntry, func(w *wire.Writer) { writeEntry(w, &row.Coins.Entries[i]) })
	}
	writeVerdicts(w, rewardsVerdict, row.Verdicts)
	w.Int(rewardsNow, int64(row.Now))
	w.Int(rewardsAudited, row.Audited)
	for i := range row.Page {
		w.Message(rewardsPage, func(w *wire.Writer) { writeEntry(w, &row.Page[i]) })
	}
	return w.B, nil
}

func writeEntry(w *wire.Writer, e *reward.Entry) {
	w.Int(entryNumber, e.Number)
	w.String(entryReward, e.RewardID)
	w.String(entryKind, string(e.Kind))
	w.Int(entryAmount, e.Amount)
	w.Int(entryBalance, e.BalanceAfter)
	w.Int(entryAt, int64(e.At))
}

func writeOneReward(w *wire.Writer, r *reward.Reward) {
	w.String(rewardID, r.ID)
	w.Int(rewardNumber, r.Number)
	w.String(rewardMission, r.Mission)
	w.Int(rewardMissionVersion, r.Version)
	w.Int(rewardIteration, r.Iteration)
	w.Int(rewardWindowStart, int64(r.WindowStart))
	w.Int(rewardEpoch, r.Epoch)
	w.String(rewardKind, r.Kind)
	w.String(rewardPool, r.Pool)
	w.Int(rewardAmount, r.Amount)
	w.String(rewardCurrency, r.Currency)
	w.String(rewardMode, r.Mode)
	w.Int(rewardHold, int64(r.Hold))
	w.Int(rewardExpires, int64(r.Expires))
	w.String(rewardDebt, r.Debt)
	w.String(rewardCode, r.Code)
	w.String(rewardState, string(r.State))
	w.String(rewardReason, r.Reason)
	w.String(rewardNote, r.Note)
	w.String(rewardBy, r.By)
	w.Int(rewardCompletedAt, int64(r.At))
	w.Int(rewardSince, int64(r.Since))
	w.Int(rewardAvailableAt, int64(r.AvailableAt))
	w.Int(rewardExpiresAt, int64(r.ExpiresAt))
	w.Bool(rewardRevoked, r.Revoked)
	w.Bool(rewardBarred, r.Barred)
	w.Int(rewardAhead, r.Ahead)
	w.Int(rewardPaid, r.Paid)
	if h := r.Held; h != nil {
		w.Message(rewardHeld, func(w *wire.Writer) {
			w.Uint(heldHold, uint64(h.Hold))
			w.Int(heldEpoch, h.Epoch)
			w.Int(heldAmount, h.Amount)
			w.String(heldCode, h.Code)
			w.Int(heldEnded, h.Ended)
		})
	}
}

// Decode reads what Encode wrote.
func (RewardsRow) Decode(b []byte) (*reward.Row, error) {
	row := &reward.Row{}
	r := wire.NewReader(string(b), rewardsRowVersion)
	for r.Next() {
		switch r.Number() {
		case rewardsReward:
			row.Rewards = append(row.Rewards, readOneReward(&r))
		case rewardsBalance:
			row.Coins.Balance = r.Int()
		case rewardsDebt:
			row.Coins.Debt = r.Int()
		case rewardsCount:
			row.Coins.Count = r.Int()
		case rewardsEntry:
			row.Coins.Entries = append(row.Coins.Entries, readEntry(&r))
		case rewardsVerdict:
			row.Verdicts = append(row.Verdicts, readVerdict(&r))
		case rewardsNow:
			row.Now = instant.Milli(r.Int())
		case rewardsAudited:
			row.Audited = r.Int()
		case rewardsPage:
			row.Page = append(row.Page, readEntry(&r))
		}
	}
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("rewards row: %w", err)
	}
	return row, nil
}

func readEntry(r *wire.Reader) (e reward.Entry) {
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case entryNumber:
			e.Number = f.Int()
		case entryReward:
			e.RewardID = f.String()
		case entryKind:
			e.Kind = reward.EntryKind(f.String())
		case entryAmount:
			e.Amount = f.Int()
		case entryBalance:
			e.BalanceAfter = f.Int()
		case entryAt:
			e.At = instant.Milli(f.Int())
		}
	}
	r.Inherit(&f)
	return e
}

func readOneReward(r *wire.Reader) *reward.Reward {
	out := &reward.Reward{}
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case rewardID:
			out.ID = f.String()
		case rewardNumber:
			out.Number = f.Int()
		case rewardMission:
			out.Mission = f.String()
		case rewardMissionVersion:
			out.Version = f.Int()
		case rewardIteration:
			out.Iteration = f.Int()
		case rewardWindowStart:
			out.WindowStart = instant.Milli(f.Int())
		case rewardEpoch:
			out.Epoch = f.Int()
		case rewardKind:
			out.Kind = f.String()
		case rewardPool:
			out.Pool = f.String()
		case rewardAmount:
			out.Amount = f.Int()
		case rewardCurrency:
			out.Currency = f.String()
		default:
			readTerms(&f, out)
		}
	}
	r.Inherit(&f)
	return out
}

// readTerms reads how a reward is granted and where it stands.
func readTerms(f *wire.Reader, out *reward.Reward) {
	switch f.Number() {
	case rewardMode:
		out.Mode = f.String()
	case rewardHold:
		out.Hold = time.Duration(f.Int())
	case rewardExpires:
		out.Expires = time.Duration(f.Int())
	case rewardDebt:
		out.Debt = f.String()
	case rewardCode:
		out.Code = f.String()
	case rewardState:
		out.State = reward.State(f.String())
	case rewardReason:
		out.Reason = f.String()
	case rewardNote:
		out.Note = f.String()
	case rewardBy:
		out.By = f.String()
	case rewardCompletedAt:
		out.At = instant.Milli(f.Int())
	case rewardSince:
		out.Since = instant.Milli(f.Int())
	case rewardAvailableAt:
		out.AvailableAt = instant.Milli(f.Int())
	case rewardExpiresAt:
		out.ExpiresAt = instant.Milli(f.Int())
	case rewardRevoked:
		out.Revoked = f.Uint() != 0
	case rewardBarred:
		out.Barred = f.Uint() != 0
	case rewardAhead:
		out.Ahead = f.Int()
	case rewardPaid:
		out.Paid = f.Int()
	case rewardHeld:
		out.Held = readHolding(f)
	}
}

func readHolding(r *wire.Reader) *reward.Holding {
	h := &reward.Holding{}
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case heldHold:
			h.Hold = reward.Hold(f.Uint())
		case heldEpoch:
			h.Epoch = f.Int()
		case heldAmount:
			h.Amount = f.Int()
		case heldCode:
			h.Code = f.String()
		case heldEnded:
			h.Ended = f.Int()
		}
	}
	r.Inherit(&f)
	return h
}
