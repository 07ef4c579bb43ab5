package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// The callers of the API: a panel that asks ten times a second, one listener, and a payment provider with so many calls
// at once.
const (
	panelEvery = 100 * time.Millisecond
	relayEvery = 400 * time.Millisecond
	relayers   = 8
)

// callers use the API of serve from outside, whatever it answers.
type callers struct {
	base        string
	end, silent context.CancelFunc // silent ends those that hand in payments
	work        sync.WaitGroup
}

// call begins to use the API.
func (w *watcher) call(ctx context.Context) error {
	addr, err := w.addr(server, "8080")
	if err != nil {
		return err
	}
	panel, err := w.mint(ctx, "viewer")
	if err != nil {
		return err
	}
	provider, err := w.mint(ctx, "service")
	if err != nil {
		return err
	}
	c := &callers{base: "http://" + addr}
	ctx, c.end = context.WithCancel(ctx)
	relaying, silent := context.WithCancel(ctx)
	c.silent = silent
	c.work.Go(func() {
		c.every(ctx, panelEvery, func(int) error { return c.send(ctx, panel, http.MethodGet, "/v1/health", "") })
	})
	c.work.Go(func() {
		c.every(ctx, panelEvery, func(int) error { return c.send(ctx, panel, http.MethodGet, "/v1/health/stream", "") })
	})
	for k := range relayers {
		c.work.Go(func() {
			c.every(relaying, relayEvery, func(n int) error {
				return c.send(relaying, provider, http.MethodPost, "/v1/events",
					twoEvents(fmt.Sprintf("watch-%d-%d", k, n)))
			})
		})
	}
	w.callers = c
	return nil
}

// stop ends them.
func (c *callers) stop() {
	if c != nil {
		c.end()
		c.work.Wait()
	}
}

// mint returns a token of a role, signed with the private key that stays with the operator.
func (w *watcher) mint(ctx context.Context, role string) (string, error) {
	out, err := w.run(ctx, server, "token", "mint", "--sub", "watch-"+role, "--role", role, "--key-file",
		filepath.Join(w.host("./deploy/keys"), "private.pem"))
	return strings.TrimSpace(out), err
}

// twoEvents are one payment that is good and one that is not.
func twoEvents(id string) string {
	return fmt.Sprintf(`{"events":[{"id":%q,"type":"payment","transaction_id":%q,"user_id":"watch","amount":100,"currency":"INR","status":"success","mode":"upi","instrument":"axis",`+
		`"merchant":"watch","updated_at":%q},{"type":"payment"}]}`, id, id, rfc(time.Now()))
}

// every calls f with 0, 1, 2 … until the context ends. Errors are not for callers to judge: Prometheus counts them.
func (c *callers) every(ctx context.Context, pause time.Duration, f func(n int) error) {
	for n := 0; ; n++ {
		_ = f(n)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// send makes a call and reads its answer to the end, which of a stream is that of the server.
func (c *callers) send(ctx context.Context, bearer, method, path, body string) error {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+bearer)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return errors.Join(err, resp.Body.Close())
}
