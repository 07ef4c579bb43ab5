package codecs

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/reward"
)

const rewardCommandVersion = 2

// Fields of a command on rewards.
const (
	claimID = iota + 1
	claimOp
	claimUser
	claimActor
	claimProof
	claimAt
	claimReward
	claimReason
	claimDefinition
	claimGrant
	claimDebt
	claimCurrency
)

// RewardCommand is the codec of `claims`.
type RewardCommand struct{}

// Encode returns c in binary; it never fails.
func (RewardCommand) Encode(c *reward.Command) ([]byte, error) {
	w := wire.NewWriter(rewardCommandVersion, 256)
	w.String(claimID, c.ID)
	w.String(claimOp, string(c.Op))
	w.String(claimUser, c.UserID)
	w.String(claimActor, c.Actor)
	writeProof(w, claimProof, c.Proof)
	w.Int(claimAt, int64(c.At))
	w.String(claimReward, c.RewardID)
	w.String(claimReason, c.Reason)
	writeReward(w, claimDefinition, c.Reward)
	writeGrant(w, claimGrant, c.Grant)
	w.String(claimDebt, c.Debt)
	w.String(claimCurrency, c.Currency)
	return w.B, nil
}

// Decode reads what Encode wrote.
func (RewardCommand) Decode(b []byte) (*reward.Command, error) {
	c := &reward.Command{}
	r := wire.NewReader(string(b), rewardCommandVersion)
	for r.Next() {
		switch r.Number() {
		case claimID:
			c.ID = r.String()
		case claimOp:
			c.Op = reward.Op(r.String())
		case claimUser:
			c.UserID = r.String()
		case claimActor:
			c.Actor = r.String()
		case claimProof:
			c.Proof = readProof(&r)
		case claimAt:
			c.At = instant.Milli(r.Int())
		case claimReward:
			c.RewardID = r.String()
		case claimReason:
			c.Reason = r.String()
		case claimDefinition:
			c.Reward = readReward(&r)
		case claimGrant:
			c.Grant = readGrant(&r)
		case claimDebt:
			c.Debt = r.String()
		case claimCurrency:
			c.Currency = r.String()
		}
	}
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("command on rewards: %w", err)
	}
	return c, nil
}

// Fields of a reward's definition and of how it is granted, inside other records.
const (
	definitionKind    = 1
	definitionAmount  = 2
	definitionPool    = 3
	definitionExpires = 4 // nanoseconds

	grantMode = 1
	grantHold = 2 // nanoseconds
)

func writeReward(w *wire.Writer, field protowire.Number, d mission.Reward) {
	if d == (mission.Reward{}) {
		return
	}
	w.Message(field, func(w *wire.Writer) {
		w.String(definitionKind, d.Kind)
		w.Int(definitionAmount, d.Amount)
		w.String(definitionPool, d.Pool)
		w.Int(definitionExpires, int64(d.ExpiresAfter))
	})
}

func readReward(r *wire.Reader) (d mission.Reward) {
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case definitionKind:
			d.Kind = f.String()
		case definitionAmount:
			d.Amount = f.Int()
		case definitionPool:
			d.Pool = f.String()
		case definitionExpires:
			d.ExpiresAfter = time.Duration(f.Int())
		}
	}
	r.Inherit(&f)
	return d
}

func writeGrant(w *wire.Writer, field protowire.Number, g mission.Grant) {
	if g == (mission.Grant{}) {
		return
	}
	w.Message(field, func(w *wire.Writer) {
		w.String(grantMode, g.Mode)
		w.Int(grantHold, int64(g.Hold))
	})
}

func readGrant(r *wire.Reader) (g mission.Grant) {
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case grantMode:
			g.Mode = f.String()
		case grantHold:
			g.Hold = time.Duration(f.Int())
		}
	}
	r.Inherit(&f)
	return g
}
