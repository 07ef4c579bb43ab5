package audit

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	healthcodec "github.com/millrace/millrace/codecs/health"
	ledgercodec "github.com/millrace/millrace/codecs/ledger"
	paymentcodec "github.com/millrace/millrace/codecs/payment"
	rewardcodec "github.com/millrace/millrace/codecs/reward"
	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/topology"
)

// identity names the one fact that a record tells, so that its second telling is known. It is empty where a record may
// come twice by right: payments (producers repeat themselves), watermarks, and outcomes, of which the oracle keeps the
// sum.
func (t *Tape) identity(r *kgo.Record) (string, error) {
	if watermark.Is(r.Value) {
		return "", nil
	}
	p := t.topology
	switch r.Topic {
	case p.Transactions.Name:
		e, err := paymentcodec.Event{}.Decode(r.Value)
		if err != nil {
			return "", err
		}
		return "event of " + topology.Coordinates(e.Origin).String(), nil
	case p.Postings.Name:
		o, err := ledgercodec.Posting{}.Decode(r.Value)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("posting of %s by %s", o.TransactionID, o.EventID), nil
	case p.Journal.Name:
		e, err := ledgercodec.JournalEntry{}.Decode(r.Value)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("journal entry %d of %s", e.Seq, e.TransactionID), nil
	case p.Attempts.Name:
		a, err := ledgercodec.Attempt{}.Decode(r.Value)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("attempt %s at %s %q", a.TransactionID, a.Key(), a.Cause.AttemptID), nil
	case p.Tasks.Name:
		x, err := taskcodec.Submission{}.Decode(r.Value)
		if err != nil {
			return "", err
		}
		return "task " + x.Task.ID, nil
	case p.TaskRuns.Name:
		x, err := taskcodec.Run{}.Decode(r.Value)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("run %d of task %s", x.Number, x.Task.ID), nil
	case p.Notifications.Name:
		n, err := rewardcodec.Notice{}.Decode(r.Value)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("notification of reward %s, %s at epoch %d", n.RewardID, n.State, n.Epoch), nil
	case p.DeadLetterRecords.Name:
		return "dead letter " + string(r.Key), nil
	case p.HealthWindows.Name, p.HealthCorrections.Name:
		w, err := healthcodec.WindowRecord{}.Decode(r.Value)
		if err != nil {
			return "", err
		}
		if w.Silent {
			return fmt.Sprintf("silence of %s to %v", w.Key(), w.End), nil
		}
		return fmt.Sprintf("revision %d of window %s %v", w.Revision, w.Key(), w.Start), nil
	default:
		return "", nil
	}
}
