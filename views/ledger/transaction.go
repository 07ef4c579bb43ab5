package ledger

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/domain/erasure"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/views/problem"
	"github.com/millrace/millrace/views/serve"
)

// Transaction is what the ledger knows of one transaction.
type Transaction struct {
	TransactionID string        `json:"transaction_id"`
	UserID        *string       `json:"user_id" doc:"null: the user was erased"`
	Status        string        `json:"status" enum:"@payment_status,unknown" doc:"Of the payment; unknown while only reversals are known"`
	Currency      string        `json:"currency"`
	Amount        int64         `json:"amount" doc:"Gross, minor units"`
	Reversed      int64         `json:"reversed" doc:"Sum of the reversals in force, minor units"`
	Net           int64         `json:"net" doc:"What is left, minor units; 0 until the payment succeeds"`
	Reversals     []Reversal    `json:"reversals" nullable:"false"`
	Journal       []JournalLine `json:"journal" nullable:"false" doc:"The last 64 entries, oldest first"`
	AsOf          serve.AsOf    `json:"as_of"`
}

// Reversal is one reversal of a transaction.
type Reversal struct {
	ReversalID string `json:"reversal_id"`
	Amount     *int64 `json:"amount" doc:"Minor units; null where it is not known yet, or is all that will remain"`
	Status     string `json:"status" enum:"@payment_status,waiting" doc:"waiting: the payment has not settled, is not known, or its row had expired (ledger.retention) before the reversal came"`
	// WaitsUntil is set of what waits.
	WaitsUntil *instant.Milli `json:"waits_until,omitempty" format:"date-time" doc:"Only of waiting: the event time up to which it waits for its payment. Then it is the dead letter orphan_reversal"`
}

// JournalLine tells what one event did to its transaction.
type JournalLine struct {
	Seq       int64         `json:"seq"`
	EventID   string        `json:"event_id"`
	Verdict   string        `json:"verdict" enum:"@journal_verdict"`
	Reason    string        `json:"reason,omitempty" doc:"Of rejected: the dead-letter reason"`
	NetBefore int64         `json:"net_before"`
	NetAfter  int64         `json:"net_after"`
	At        instant.Milli `json:"at" format:"date-time"`
}

type transactionInput struct {
	serve.Fresh
	ID string `path:"id" maxLength:"1024" doc:"Transaction id"`
}

type transactionOutput struct{ Body Transaction }

// Register adds the routes.
func (s *Routes) Register() {
	op := s.Read("get-transaction", "/v1/panel/transactions/{id}", serve.TagPanel,
		"One transaction with its reversals and journal", serve.PanelAccess())
	huma.Register(s.API, op, s.transaction)
}

func (s *Routes) transaction(ctx context.Context, in *transactionInput) (*transactionOutput, error) {
	as, err := s.At(ctx, in.Fresh, s.Sources.Ledger.Holding(in.ID))
	if err != nil {
		return nil, err
	}
	row, found, err := serve.RowOf(s.Kit, s.Sources.Ledger, s.Config.Topology.Ledger, in.ID)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, problem.Missing("transaction")
	}
	body := transactionOf(in.ID, row, s.Config.Ledger.Until(row))
	body.AsOf = as.Stamped(row.LastAt)
	return &transactionOutput{body}, nil
}

// userOf returns whose transaction it is, nil if its user was erased.
func userOf(row *ledger.Row) *string {
	user := row.UserID()
	if user == erasure.Nobody {
		return nil
	}
	return &user
}

func transactionOf(id string, row *ledger.Row, until instant.Milli) Transaction {
	t := Transaction{
		TransactionID: id, UserID: userOf(row), Status: row.Status.String(), Currency: row.Currency(),
		Amount: row.AmountMinor(), Reversed: row.Reversed(), Net: row.Net(), Reversals: []Reversal{},
		Journal: []JournalLine{},
	}
	if t.Status == "" {
		t.Status = payment.Unknown
	}
	for _, v := range row.ReversalStates() {
		r := Reversal{ReversalID: v.ID, Status: v.Status.String()}
		if v.Waiting {
			r.Status, r.WaitsUntil = ledger.Waiting.String(), &until
		}
		if v.AmountMinor > 0 {
			r.Amount = &v.AmountMinor
		}
		t.Reversals = append(t.Reversals, r)
	}
	for _, l := range row.Journal {
		t.Journal = append(t.Journal, JournalLine{
			Seq: l.Seq, EventID: l.EventID, Verdict: l.Verdict.String(), Reason: string(l.Reason),
			NetBefore: l.NetBefore, NetAfter: l.NetAfter, At: l.At,
		})
	}
	return t
}
