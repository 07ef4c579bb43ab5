package reward

import (
	verdictcodec "github.com/millrace/millrace/codecs/verdict"
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/verdict"
)

const rewardsRowVersion = 1

// Row is the codec of the rewards table.
type Row struct{}

// Encode returns row in binary; it never fails.
func (Row) Encode(row *reward.Row) ([]byte, error) {
	size := 64 + 160*len(row.Rewards) + 48*len(row.Coins.Entries) + 48*len(row.Page) +
		48*len(row.Coins.Spends)
	return wire.Encode(wire.Writing(rewardsRowVersion, size), row, rewardsRowFields)
}

// Decode reads what Encode wrote.
func (Row) Decode(b []byte) (*reward.Row, error) {
	return wire.Decode(wire.Reading(b, rewardsRowVersion), "rewards row", rewardsRowFields)
}

func rewardsRowFields(f *wire.Fields, row *reward.Row) {
	for r := range wire.EachPointer(f, 1, &row.Rewards) {
		oneRewardFields(f, r)
	}
	f.Int(2, &row.Coins.Balance)
	f.Int(3, &row.Coins.Debt)
	f.Int(4, &row.Coins.Count)
	for e := range wire.Each(f, 5, &row.Coins.Entries) {
		entryFields(f, e)
	}
	for v := range wire.Each(f, 6, (*[]verdict.Verdict)(&row.Verdicts)) {
		verdictcodec.VerdictFields(f, v)
	}
	f.Int(7, (*int64)(&row.Now))
	f.Int(9, &row.Audited)
	for e := range wire.Each(f, 8, &row.Page) {
		entryFields(f, e)
	}
	for s := range wire.Each(f, 10, &row.Coins.Spends) {
		spendingFields(f, s)
	}
}

func spendingFields(f *wire.Fields, s *reward.Spending) {
	f.Text(1, &s.ID)
	f.Int(2, &s.Entry)
	f.Int(3, &s.Amount)
	f.Int(4, &s.Reversal)
}

func entryFields(f *wire.Fields, e *reward.Entry) {
	f.Int(1, &e.Number)
	f.Text(2, &e.RewardID)
	f.Text(3, (*string)(&e.Kind))
	f.Int(4, &e.Amount)
	f.Int(5, &e.BalanceAfter)
	f.Int(6, (*int64)(&e.At))
	f.Text(7, &e.SpendID)
	f.Text(8, &e.Reason)
}

func oneRewardFields(f *wire.Fields, r *reward.Reward) {
	f.Text(1, &r.ID)
	f.Int(2, &r.Number)
	f.Text(3, &r.Mission)
	f.Int(4, &r.Version)
	f.Int(5, &r.Iteration)
	f.Int(6, (*int64)(&r.WindowStart))
	f.Int(7, &r.Epoch)
	f.Text(8, &r.Kind)
	f.Text(9, &r.Pool)
	f.Int(10, &r.Amount)
	f.Text(11, &r.Currency)
	f.Text(12, &r.Mode)
	f.Int(13, (*int64)(&r.Hold))
	f.Int(14, (*int64)(&r.Expires))
	f.Text(15, &r.Debt)
	f.Text(16, &r.Code)
	f.Text(17, (*string)(&r.State))
	f.Text(18, &r.Reason)
	f.Text(19, &r.Note)
	f.Text(20, &r.By)
	f.Int(21, (*int64)(&r.At))
	f.Int(22, (*int64)(&r.Since))
	f.Int(23, (*int64)(&r.AvailableAt))
	f.Int(24, (*int64)(&r.ExpiresAt))
	f.Bool(25, &r.Revoked)
	f.Bool(26, &r.Barred)
	f.Int(27, &r.Ahead)
	f.Int(28, &r.Paid)
	for h := range wire.Pointer(f, 29, &r.Held) {
		f.Byte(1, (*uint8)(&h.Hold))
		f.Int(2, &h.Epoch)
		f.Int(3, &h.Amount)
		f.Text(4, &h.Code)
		f.Int(5, &h.Ended)
	}
}
