package reward

import (
	auditcodec "github.com/millrace/millrace/codecs/audit"
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/reward"
)

const rewardCommandVersion = 2

// Command is the codec of `claims`.
type Command struct{}

// Encode returns c in binary; it never fails.
func (Command) Encode(c *reward.Command) ([]byte, error) {
	return wire.Encode(wire.Writing(rewardCommandVersion, 256), c, rewardCommandFields)
}

// Decode reads what Encode wrote.
func (Command) Decode(b []byte) (*reward.Command, error) {
	return wire.Decode(wire.Reading(b, rewardCommandVersion), "command on rewards", rewardCommandFields)
}

func rewardCommandFields(f *wire.Fields, c *reward.Command) {
	f.Text(1, &c.ID)
	f.Text(2, (*string)(&c.Op))
	f.Text(3, &c.UserID)
	f.Text(4, &c.Actor)
	for range wire.Value(f, 5, &c.Proof) {
		auditcodec.ProofFields(f, &c.Proof)
	}
	f.Int(6, (*int64)(&c.At))
	f.Text(7, &c.RewardID)
	f.Text(8, &c.Reason)
	for range wire.Value(f, 9, &c.Reward) {
		rewardFields(f, &c.Reward)
	}
	for range wire.Value(f, 10, &c.Grant) {
		grantFields(f, &c.Grant)
	}
	f.Text(11, &c.Debt)
	f.Text(12, &c.Currency)
	f.Text(13, &c.SpendID)
	f.Int(14, &c.Amount)
}

// rewardFields are those of a reward's definition, inside other records. Its template is not among them: it is
// resolved.
func rewardFields(f *wire.Fields, r *mission.Reward) {
	f.Text(1, &r.Kind)
	f.Int(2, &r.Amount)
	f.Text(3, &r.Pool)
	f.Int(4, (*int64)(&r.ExpiresAfter))
}

// grantFields are those of how a reward is granted, inside other records.
func grantFields(f *wire.Fields, g *mission.Grant) {
	f.Text(1, &g.Mode)
	f.Int(2, (*int64)(&g.Hold))
}
