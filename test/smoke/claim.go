package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/millrace/millrace/test/smoke/audit"
	"github.com/millrace/millrace/views/token"
)

// claims are what users were told over HTTP.
type claims struct {
	mu      sync.Mutex
	answers []audit.Answer
}

func (c *claims) note(a audit.Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers = append(c.answers, a)
}

func (c *claims) all() []audit.Answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.answers)
}

// How long a user goes on asking a server that cannot answer yet, and the pause in between.
const (
	askWithin = 30 * time.Second
	askEvery  = 500 * time.Millisecond
)

// claim sends a user's claim over HTTP, again and again with the same key until the server has an answer.
func (r *run) claim(ctx context.Context, user, reward, key string) error {
	bearer, err := r.minter.Mint(user, []token.Role{token.User}, time.Hour)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	for {
		status, err := r.post(ctx, "/v1/users/me/rewards/"+url.PathEscape(reward)+"/claim", bearer, key)
		if status != 0 && status != http.StatusServiceUnavailable && status != http.StatusTooManyRequests {
			r.claims.note(audit.Answer{User: user, Reward: reward, Status: status})
			return err
		}
		if pause(ctx, askEvery) != nil {
			return nil // whether it was heard is seen by its verdict
		}
	}
}

// post returns the status of the answer, 0 if there was none.
func (r *run) post(ctx context.Context, path, bearer, key string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.server+path, nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+bearer)
	req.Header.Set("Idempotency-Key", key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	var body map[string]any
	return resp.StatusCode, json.Unmarshal(raw, &body)
}
