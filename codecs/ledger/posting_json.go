package ledger

import (
	"github.com/millrace/millrace/codecs/doc"
	paymentcodec "github.com/millrace/millrace/codecs/payment"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
)

type postingDoc struct {
	Kind          string `json:"kind"`
	TransactionID string `json:"transaction_id"`
	UserID        string `json:"user_id"`
	EventID       string `json:"event_id"`
	Seq           int64  `json:"seq"`
	Currency      string `json:"currency"`
	Amount        int64  `json:"amount"`
	NetBefore     int64  `json:"net_before"`
	NetAfter      int64  `json:"net_after"`
	Mode          string `json:"mode"`
	Instrument    string `json:"instrument"`
	Gateway       string `json:"gateway"`
	paymentcodec.LabelDoc
	CreatedAt instant.Milli `json:"created_at"`
	At        instant.Milli `json:"at"`
}

// PostingJSON is what a task says of a movement of money: amount is the payment's, net_before and net_after are what
// remained of it.
func PostingJSON(p *ledger.Posting) []byte {
	return doc.MustJSON(postingDoc{
		Kind: p.Kind.String(), TransactionID: p.TransactionID, UserID: p.UserID, EventID: p.EventID, Seq: p.Seq,
		Currency: p.Currency,
		Amount:   p.AmountMinor, NetBefore: p.NetBefore, NetAfter: p.NetAfter, Mode: p.Mode, Instrument: p.Instrument,
		Gateway:  p.Gateway,
		LabelDoc: paymentcodec.LabelDocOf(&p.Labels), CreatedAt: p.CreatedAt, At: p.At,
	})
}
