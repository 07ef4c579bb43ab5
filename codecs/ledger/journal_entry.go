package ledger

import (
	"encoding/json"
	"fmt"

	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/word"
)

// journalRecord is a journal item of the contract with its transaction.
type journalRecord struct {
	TransactionID string        `json:"transaction_id"`
	UserID        string        `json:"user_id"`
	Currency      string        `json:"currency" pattern:"^[A-Z]{3}$" doc:"ISO 4217"`
	Seq           int64         `json:"seq" minimum:"0" doc:"Number of the entry within its transaction, from 1; 0 where there is no transaction to count in"`
	EventID       string        `json:"event_id" doc:"The event that was judged"`
	Type          string        `json:"type" enum:"@event_type"`
	Verdict       string        `json:"verdict" enum:"@journal_verdict"`
	Reason        string        `json:"reason,omitempty" doc:"Of rejected: a dead-letter reason"`
	NetBefore     int64         `json:"net_before" minimum:"0" doc:"Minor units of the transaction that counted before"`
	NetAfter      int64         `json:"net_after" minimum:"0" doc:"Minor units that count from then on"`
	At            instant.Milli `json:"at" format:"date-time" doc:"Event time"`
}

// JournalEntry is the codec of `ledger-journal`: JSON, for others to read.
type JournalEntry struct{}

// Encode returns e as JSON.
func (JournalEntry) Encode(e *ledger.JournalEntry) ([]byte, error) {
	return json.Marshal(journalRecord{
		TransactionID: e.TransactionID, UserID: e.UserID, Currency: e.Currency,
		Seq: e.Seq, EventID: e.EventID, Type: e.Type.String(), Verdict: e.Verdict.String(), Reason: string(e.Reason),
		NetBefore: e.NetBefore, NetAfter: e.NetAfter, At: e.At,
	})
}

// Decode reads what Encode wrote; it refuses types and verdicts that the contract does not know.
func (JournalEntry) Decode(b []byte) (*ledger.JournalEntry, error) {
	var r journalRecord
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, err
	}
	e := &ledger.JournalEntry{TransactionID: r.TransactionID, UserID: r.UserID, Currency: r.Currency, Line: ledger.Line{
		Seq: r.Seq, EventID: r.EventID, Reason: payment.Reason(r.Reason), NetBefore: r.NetBefore, NetAfter: r.NetAfter,
		At: r.At,
	}}
	e.Type = word.Number[payment.Type](r.Type, payment.Types())
	e.Verdict = word.Number[ledger.Verdict](r.Verdict, ledger.Verdicts())
	if e.Type == 0 || e.Verdict == 0 {
		return nil, fmt.Errorf("journal entry: unknown type %q or verdict %q", r.Type, r.Verdict)
	}
	return e, nil
}

// Forms returns the one that there is.
func (JournalEntry) Forms() []doc.Form { return []doc.Form{doc.FormOf[journalRecord]()} }
