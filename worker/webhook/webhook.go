package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/worker"
)

// envelope is the body of a call.
type envelope struct {
	ID      string          `json:"id"`
	Kind    string          `json:"kind"`
	Key     string          `json:"key"`
	Attempt int64           `json:"attempt"`
	Run     int64           `json:"run"`
	Payload json.RawMessage `json:"payload"`
}

// bodyOf returns a run as JSON, as webhooks have it.
func bodyOf(run *task.Run) ([]byte, error) {
	payload := json.RawMessage(run.Task.Payload)
	if len(payload) == 0 {
		payload = json.RawMessage("null")
	}
	return json.Marshal(envelope{run.Task.ID, run.Task.Kind, run.Task.Key, run.Attempt, run.Number, payload})
}

// codePayload is the error code of a run whose payload is no JSON.
const codePayload = "invalid_payload"

// Handler posts each run to a URL.
type Handler struct{ client *Client }

// New returns a handler that calls as c says.
func New(c ClientConfig) (*Handler, error) {
	client, err := NewClient(c)
	if err != nil {
		return nil, fmt.Errorf("webhook: %w", err)
	}
	return &Handler{client}, nil
}

var _ worker.Handler = (*Handler)(nil)

// Handle implements worker.Handler: 2xx is OK; 429 and 503 are a snooze for what Retry-After says; 5xx, 408 and what
// cannot be reached fail, and are tried again; any other answer fails with CodeRejected.
func (h *Handler) Handle(ctx context.Context, run *task.Run) worker.Result {
	body, err := bodyOf(run)
	if err != nil {
		return worker.Fail(codePayload, err)
	}
	r, _ := resultOf(h.client.Post(ctx, run.IdempotencyKey, body))
	return r
}

func newRequest(ctx context.Context, method, to string, body []byte) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, to, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("User-Agent", "millrace")
	return req, nil
}
