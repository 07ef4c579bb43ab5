package payout

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/millrace/millrace/worker/webhook"
)

// HTTP is a provider that answers signed requests: POST URL/payouts and URL/clawbacks with a Call, and GET
// URL/tasks/TASK. It answers 200 with a Reply, whatever it decided, and 404 to a GET for a task that it does not know.
// Every other answer means that nobody knows yet.
type HTTP struct{ pay, back, status *webhook.Client }

// NewHTTP returns a provider at c.URL.
func NewHTTP(c webhook.ClientConfig) (*HTTP, error) {
	h := &HTTP{}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("provider: %w", err)
	}
	base := c.URL
	clients := map[string]**webhook.Client{"/payouts": &h.pay, "/clawbacks": &h.back, "/tasks": &h.status}
	for path, client := range clients {
		c.URL = base + path
		one, err := webhook.NewClient(c)
		if err != nil {
			return nil, fmt.Errorf("provider: %w", err)
		}
		*client = one
	}
	return h, nil
}

var _ Provider = (*HTTP)(nil)

// Call is the body of a request.
type Call struct {
	TaskID    string  `json:"task_id"`
	RewardID  string  `json:"reward_id"`
	Epoch     int64   `json:"epoch"`
	UserID    string  `json:"user_id"`
	MissionID *string `json:"mission_id"`
	Kind      string  `json:"kind"`
	Amount    int64   `json:"amount"`
	Currency  *string `json:"currency"`
}

// Reply is the body of an answer.
type Reply struct {
	// TaskID repeats the call's. It may be left out; an answer that names another task is not taken for this one's.
	TaskID string `json:"task_id,omitempty"`
	OK     bool   `json:"ok"`
	Reason string `json:"reason,omitempty"`
	Code   string `json:"code,omitempty"`
}

// Pay implements Provider.
func (h *HTTP) Pay(ctx context.Context, r Request) (Answer, error) { return post(ctx, h.pay, r) }

// TakeBack implements Provider.
func (h *HTTP) TakeBack(ctx context.Context, r Request) (Answer, error) { return post(ctx, h.back, r) }

// Status implements Provider.
func (h *HTTP) Status(ctx context.Context, task string) (Answer, error) {
	a, err := h.status.Get(ctx, task)
	if err == nil && a.Status == http.StatusNotFound {
		return Answer{}, ErrUnknown
	}
	return read(a, err, task)
}

func post(ctx context.Context, c *webhook.Client, r Request) (Answer, error) {
	body, err := json.Marshal(Call{TaskID: r.Task, RewardID: r.RewardID, Epoch: r.Epoch, UserID: r.UserID,
		MissionID: r.MissionID, Kind: r.Kind, Amount: r.Amount, Currency: r.Currency})
	if err != nil {
		return Answer{}, err
	}
	a, err := c.Post(ctx, r.Task, body)
	return read(a, err, r.Task)
}

// maxReason bounds what is kept of a provider's reason and code, in bytes.
const maxReason = 256

func read(a *webhook.Answer, err error, task string) (Answer, error) {
	switch {
	case err != nil:
		return Answer{}, err
	case a.Status == http.StatusTooManyRequests, a.Status == http.StatusServiceUnavailable:
		return Answer{}, Later{max(a.Retry, time.Second)}
	case a.Status != http.StatusOK:
		return Answer{}, fmt.Errorf("the provider answered %d: %.200s", a.Status, a.Body)
	}
	var r struct {
		Reply
		OK *bool `json:"ok"`
	}
	if err := json.Unmarshal(a.Body, &r); err != nil || r.OK == nil {
		return Answer{}, fmt.Errorf("the provider's answer has no ok: %.200s", a.Body)
	}
	if r.TaskID != "" && r.TaskID != task {
		return Answer{}, fmt.Errorf("the provider's answer is about task %q, which was not asked for", r.TaskID)
	}
	if len(r.Reason) > maxReason || len(r.Code) > maxReason {
		return Answer{}, fmt.Errorf("the provider's reason or code is longer than %d bytes", maxReason)
	}
	return Answer{*r.OK, r.Reason, r.Code}, nil
}
