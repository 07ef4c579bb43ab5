package audit_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/audit"
	ledgercodec "github.com/millrace/millrace/codecs/ledger"
	rewardcodec "github.com/millrace/millrace/codecs/reward"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/reward"
)

// forge changes one field of a row, finds that the check notices, and puts the row back.
func forge[Row any](d *deployment, r *kgo.Record, decode func([]byte) (Row, error), encode func(Row) ([]byte, error), check, field string, change func(Row)) {
	d.t.Helper()
	row, err := decode(r.Value)
	d.Check(err)
	change(row)
	value, err := encode(row)
	d.Check(err)
	d.Put(r.Topic, string(r.Key), value)
	if c := d.verify()[check]; c.OK {
		d.t.Errorf("%s: a forged %s is not found", r.Topic, field)
	}
	d.Put(r.Topic, string(r.Key), r.Value)
}

// Each field of a row that other topics speak of is found when it is forged alone. ADR 21 says which are not, and why.
func TestForgedFieldsAreFound(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.busy()
	lucky := func(r *kgo.Record) bool {
		row, err := rewardcodec.Row{}.Decode(r.Value)
		return err == nil && row.Coins.Balance > 0
	}
	rich := d.last(string(d.Topology.Rewards.Table()), lucky)
	for _, c := range []*reward.Command{{ID: "s1", Op: reward.Spend, SpendID: "tea", Amount: 1}, {ID: "s2", Op: reward.ReverseSpend, SpendID: "tea"}} {
		c.UserID, c.Actor, c.Reason = string(rich.Key), "shop", "for the test"
		value, err := rewardcodec.Command{}.Encode(c)
		d.Check(err)
		d.Put(d.Topology.Claims.Name, c.UserID, value)
	}
	d.Rest()
	d.wrong(d.verify(), "", "")
	rich = d.last(string(d.Topology.Rewards.Table()), func(r *kgo.Record) bool { return string(r.Key) == string(rich.Key) })
	for field, change := range map[string]func(*reward.Coins){
		"amount of a spend": func(c *reward.Coins) { c.Spends[0].Amount++ }, "id of a spend": func(c *reward.Coins) { c.Spends[0].ID = "x" },
		"entry of a spend": func(c *reward.Coins) { c.Spends[0].Entry-- }, "reversal": func(c *reward.Coins) { c.Spends[0].Reversal = 0 },
		"list of spends": func(c *reward.Coins) { c.Spends = nil }, "spend of an entry": func(c *reward.Coins) { c.Entries[len(c.Entries)-1].SpendID = "x" },
	} {
		forge(d, rich, rewardcodec.Row{}.Decode, rewardcodec.Row{}.Encode, audit.Coins, field, func(row *reward.Row) { change(&row.Coins) })
	}
	winner := d.last(string(d.Topology.Rewards.Table()), func(r *kgo.Record) bool {
		row, err := rewardcodec.Row{}.Decode(r.Value)
		return err == nil && len(row.Rewards) > 0 && row.Rewards[0].State == reward.Granted
	})
	for field, change := range map[string]func(*reward.Reward){
		"amount": func(r *reward.Reward) { r.Amount++ }, "kind": func(r *reward.Reward) { r.Kind = mission.RewardScratchCard },
		"currency": func(r *reward.Reward) { r.Kind, r.Currency = mission.RewardCash, "USD" }, "epoch": func(r *reward.Reward) { r.Epoch++ },
		"mission": func(r *reward.Reward) { r.Mission = "other" }, "version": func(r *reward.Reward) { r.Version++ },
		"iteration": func(r *reward.Reward) { r.Iteration++ }, "window": func(r *reward.Reward) { r.WindowStart++ },
		"mode": func(r *reward.Reward) { r.Mode = mission.GrantClaim }, "hold": func(r *reward.Reward) { r.Hold++ },
		"pool": func(r *reward.Reward) { r.Pool = "p" }, "time": func(r *reward.Reward) { r.At++ },
	} {
		forge(d, winner, rewardcodec.Row{}.Decode, rewardcodec.Row{}.Encode, audit.Rewards, field, func(row *reward.Row) { change(row.Rewards[0]) })
	}
	forge(d, winner, rewardcodec.Row{}.Decode, rewardcodec.Row{}.Encode, audit.Coins, "entry", func(row *reward.Row) { row.Coins.Entries[0].Amount++ })
	forge(d, winner, rewardcodec.Row{}.Decode, rewardcodec.Row{}.Encode, audit.Rewards, "reward of an entry", func(row *reward.Row) {
		for i := range row.Coins.Entries {
			if e := &row.Coins.Entries[i]; e.RewardID == row.Rewards[0].ID {
				e.RewardID = "x"
			}
		}
	})
	payment := d.last(string(d.Topology.Ledger.Table()), func(r *kgo.Record) bool {
		row, err := ledgercodec.Row{}.Decode(r.Value)
		return err == nil && row.Net() > 0
	})
	for field, change := range map[string]func(*ledger.Row){
		"amount": func(r *ledger.Row) { r.Facts.AmountMinor++ }, "currency": func(r *ledger.Row) { r.Facts.Currency = "USD" },
		"status": func(r *ledger.Row) { r.Status = 1 }, "postings": func(r *ledger.Row) { r.PostingSeq++ },
	} {
		forge(d, payment, ledgercodec.Row{}.Decode, ledgercodec.Row{}.Encode, audit.Conservation, field, change)
	}
	forge(d, payment, ledgercodec.Row{}.Decode, ledgercodec.Row{}.Encode, audit.Journal, "journal number", func(r *ledger.Row) { r.JournalSeq++ })
	d.wrong(d.verify(), "", "")
}
