package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/views/asof"
	"github.com/millrace/millrace/views/problem"
	"github.com/millrace/millrace/views/token"
)

const (
	// maxAnswer bounds what is read of an answer.
	maxAnswer = 64 << 20
	// callWithin bounds one request; the server itself waits for 5 s at most.
	callWithin = time.Minute
	// patience is how long a command waits for its turn where the server limits its rate, or is loading its tables.
	patience = time.Minute
	// settledWithin is how long a command waits for the verdict on what it wrote.
	settledWithin = time.Minute
)

// call is one request to the server.
type call struct {
	method, path string
	query        url.Values
	// roles are those of which the token needs one; none: the request needs no token.
	roles []token.Role
	// what names the object, such as `mission "m1"`, and list the command that lists such objects: for the error where
	// there is none.
	what, list string
	// items names the field of a list that holds its items. Defaults to items. whole is of a list that comes in one
	// answer.
	items string
	whole bool
	// body is sent as JSON, unless it is a text of the type content.
	body    any
	content string
	// key, match and reason are the headers of writes.
	key, match, reason string
	// verdict tells that somebody judges what is sent: a refusal is an answer then, and wrong use elsewhere.
	verdict bool
	// unjudged tells that 202 is the last word: what is accepted gets no verdict.
	unjudged bool
}

// reply is an answer that is no problem.
type reply struct {
	body   json.RawMessage
	status int
	etag   string
}

// read takes what there is to read from an answer to the call.
func (c *call) read(out reply, into any) error {
	if err := json.Unmarshal(out.body, into); err != nil {
		return fmt.Errorf("%s: the answer is not what it should be: %w", c.path, err)
	}
	return nil
}

// call sends one request and returns the answer to it; every other answer than 2xx is an error, a *problemError where
// the server answered. It waits while the server limits the rate, or loads its tables.
func (a *app) call(ctx context.Context, c call) (reply, error) {
	payload, err := c.payload()
	if err != nil {
		return reply{}, err
	}
	bearer := ""
	if len(c.roles) > 0 {
		if bearer, err = a.bearer(ctx, c.roles); err != nil {
			return reply{}, err
		}
	}
	for until := time.Now().Add(patience); ; {
		out, wait, err := a.once(ctx, c, bearer, payload)
		if wait == 0 || time.Now().Add(wait).After(until) {
			return out, err
		}
		if sleepUntil(ctx, time.Now().Add(wait)) != nil {
			return out, errors.Join(context.Cause(ctx), err)
		}
	}
}

func (c *call) payload() ([]byte, error) {
	switch body := c.body.(type) {
	case nil:
		return nil, nil
	case []byte:
		return body, nil
	case json.RawMessage:
		c.content = "application/json"
		return body, nil
	default:
		c.content = "application/json"
		return json.Marshal(body)
	}
}

// once sends the request once. wait is how long the server asks to wait, 0 if the answer is final.
func (a *app) once(ctx context.Context, c call, bearer string,
	payload []byte) (out reply, wait time.Duration, err error) {
	ctx, cancel := withTimeout(ctx, callWithin)
	defer cancel()
	address := a.config.Server + c.path
	if len(c.query) > 0 {
		address += "?" + c.query.Encode()
	}
	var in io.Reader
	if payload != nil {
		in = bytes.NewReader(payload)
	}
	req, err := http.NewRequestWithContext(ctx, c.method, address, in)
	if err != nil {
		return out, 0, err
	}
	for name, value := range map[string]string{
		"Content-Type": c.content, "Idempotency-Key": c.key, "If-Match": c.match, "Millrace-Reason": c.reason,
	} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := a.client().Do(req)
	if err != nil {
		return out, 0, fmt.Errorf("no answer from %s: %w", a.config.Server, errors.Join(err, context.Cause(ctx)))
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return out, 0, fmt.Errorf("%s %s: the answer breaks off: %w", c.method, address, err)
	}
	out = reply{bytes.TrimSpace(raw), resp.StatusCode, resp.Header.Get("ETag")}
	if resp.StatusCode < 300 {
		return out, 0, nil
	}
	err = a.problem(c, resp, raw)
	var p *problemError
	if errors.As(err, &p) && (p.code == string(problem.RateLimited) || p.code == string(problem.Recovering)) {
		seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
		wait = time.Duration(max(seconds, 1)) * time.Second
	}
	return out, wait, err
}

// client follows no redirect: the token is for the server that --server names.
func (a *app) client() *http.Client {
	return &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// write sends a write and returns once it has its verdict: an answer without one is asked for again, under the same
// key.
func (a *app) write(ctx context.Context, c call) (reply, error) {
	c.verdict = c.method != http.MethodGet
	ctx, cancel := context.WithTimeoutCause(ctx, settledWithin,
		fmt.Errorf("%s %s was recorded, but has no verdict after %v: does the group that judges it run? Send it again, it is done once", c.method, c.path, settledWithin))
	defer cancel()
	for {
		out, err := a.call(ctx, c)
		if err != nil && ctx.Err() != nil {
			return out, context.Cause(ctx)
		}
		if err != nil || out.status != http.StatusAccepted || c.unjudged {
			return out, err
		}
		if sleepUntil(ctx, time.Now().Add(100*time.Millisecond)) != nil { // the server has waited before it answered
			return out, context.Cause(ctx)
		}
	}
}

// waitForViews returns when the server's tables have reached ends.
func (a *app) waitForViews(ctx context.Context, ends cluster.Ends) error {
	return a.waitForToken(ctx, asof.Changelogs(ends).Encode())
}

// waitForToken returns when the server's tables reflect the as_of of an answer.
func (a *app) waitForToken(ctx context.Context, asOf string) error {
	for {
		_, err := a.call(ctx, call{method: http.MethodGet, path: "/readyz", query: url.Values{"min_as_of": {asOf}}})
		var p *problemError
		if err == nil || !errors.As(err, &p) || p.status != http.StatusServiceUnavailable {
			return err
		}
		if sleepUntil(ctx, time.Now().Add(100*time.Millisecond)) != nil { // the server has waited before it answered
			return errors.Join(context.Cause(ctx), err)
		}
	}
}
