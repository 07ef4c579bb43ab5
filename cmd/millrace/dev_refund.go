package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

func (a *app) devRefundCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "refund TRANSACTION",
		Short: "Take a payment back, to watch progress fall and a reward be clawed back",
		Long: `Sends a reversal of all that is left of a payment to the dev that --server names, as a gateway would, and returns when the ledger
has it. The refund is of the time that the deployment has reached, so that it works on history that was replayed. Progress of the payment's
user falls; where a mission is no longer reached, its completion is revoked, and its reward cancelled, or clawed back if it was granted. See
it on the live page, or under /v1/users/USER/rewards. Exit status 1: nothing was taken back, and why.`,
		Example: "  millrace dev refund txn_17",
		RunE:    func(cmd *cobra.Command, args []string) error { return a.devRefund(cmd.Context(), args[0]) },
	}
}

// refundable is a payment with what decides on its refund.
type refundable struct {
	shownTransaction
	AsOf struct {
		StreamTime *instant.Milli `json:"stream_time"`
	} `json:"as_of"`
}

// known tells whether the payment is known, and not only reversals of it.
func (r refundable) known() bool { return r.Status != payment.Unknown }

// waiting says of each reversal that waits until when it does.
func (r refundable) waiting() string {
	var out []string
	for _, v := range r.Reversals {
		if v.WaitsUntil != "" {
			out = append(out, fmt.Sprintf("reversal %s of it waits until %s of event time, and is a dead letter orphan_reversal then", v.ReversalID, v.WaitsUntil))
		}
	}
	return strings.Join(out, "; ")
}

// reached returns the latest event time that the answer tells of, which is not ahead of the clock.
func (r refundable) reached() instant.Milli {
	var at instant.Milli
	if t := r.AsOf.StreamTime; t != nil {
		at = *t
	}
	for _, l := range r.Journal {
		at = max(at, l.At)
	}
	return min(at, instant.Of(time.Now()))
}

// refundWithin is how long a refund may take to reach the ledger's table.
const refundWithin = 30 * time.Second

func (a *app) devRefund(ctx context.Context, id string) error {
	t, err := a.payment(ctx, id)
	switch {
	case err != nil:
		return err
	case !t.known():
		return finding{fmt.Errorf("there is no payment %s to take back: %s", id, t.waiting())}
	case t.UserID == "":
		return finding{fmt.Errorf("the user of payment %s was erased: an event needs a user, so it cannot be taken back", id)}
	case t.Status != "success":
		return finding{fmt.Errorf("payment %s is %s: only one that succeeded can be taken back", id, t.Status)}
	case t.Net == 0:
		return finding{fmt.Errorf("nothing is left of payment %s: %d %s were reversed", id, t.Reversed, t.Currency)}
	}
	event := map[string]any{
		"id": fmt.Sprintf("refund-%s-%d", id, time.Now().UnixMilli()), "type": "reversal", "transaction_id": id,
		"user_id":  t.UserID,
		"currency": t.Currency, "status": "success", "updated_at": t.reached(),
	}
	out, err := a.call(ctx, call{method: http.MethodPost, path: "/v1/events", roles: ofAnyUser(), body: event})
	if err != nil {
		return err
	}
	var answer struct {
		Accepted int
		Results  []struct{ Reason, Detail string }
	}
	if err := json.Unmarshal(out.body, &answer); err != nil {
		return err
	}
	if answer.Accepted != 1 {
		return fmt.Errorf("the refund was not taken: %+v", answer.Results)
	}
	if t, err = a.awaitRefund(ctx, id, t.Net); err != nil {
		return err
	}
	if !t.known() {
		return finding{fmt.Errorf("payment %s is not there any more: its row had expired (ledger.retention) when the refund came, so nothing was taken back; %s", id, t.waiting())}
	}
	return a.print(t.shownPayment, func() table {
		return table{
			header: []string{"transaction", "user", "currency", "amount", "reversed", "net"},
			rows: [][]string{{t.TransactionID, t.UserID, t.Currency, fmt.Sprint(t.Amount), fmt.Sprint(t.Reversed),
				fmt.Sprint(t.Net)}},
		}
	})
}

func (a *app) payment(ctx context.Context, id string) (refundable, error) {
	var t refundable
	out, err := a.call(ctx, transactionCall(id))
	if err != nil {
		return t, err
	}
	err = json.Unmarshal(out.body, &t)
	return t, err
}

// awaitRefund waits until less than net is left of a payment, and returns it.
func (a *app) awaitRefund(ctx context.Context, id string, net int64) (refundable, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, refundWithin,
		errors.New("the ledger has not taken it in; is the pipeline running?"))
	defer cancel()
	for {
		t, err := a.payment(ctx, id)
		if err == nil && t.Net < net {
			return t, nil
		}
		select {
		case <-ctx.Done():
			return t, fmt.Errorf("refund of %s is sent: %w", id, errors.Join(context.Cause(ctx), err))
		case <-time.After(100 * time.Millisecond):
		}
	}
}
