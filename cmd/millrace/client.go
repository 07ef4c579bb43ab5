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
	"time"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/views/asof"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 20

// call asks the server for path and returns the body of a 2xx answer.
func (a *app) call(ctx context.Context, method, path, token string, body any) ([]byte, int, error) {
	var in io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, 0, err
		}
		in = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.config.Server+path, in)
	if err != nil {
		return nil, 0, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, 0, fmt.Errorf("no answer from %s: %w", a.config.Server, err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, resp.StatusCode, err
	}
	if resp.StatusCode >= 300 {
		return raw, resp.StatusCode, problemError(method, path, resp.StatusCode, raw)
	}
	return raw, resp.StatusCode, nil
}

func problemError(method, path string, status int, raw []byte) error {
	var p struct {
		Code, Detail, Title string
		Errors              []struct{ Pointer, Detail string }
	}
	_ = json.Unmarshal(raw, &p) // a proxy may answer with something else
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	for _, e := range p.Errors {
		text += "\n" + e.Pointer + ": " + e.Detail
	}
	return fmt.Errorf("%s %s: %d %s %s", method, path, status, p.Code, text)
}

// devToken asks a `dev` on loopback for a token.
func (a *app) devToken(ctx context.Context, subject string, roles []string, ttl time.Duration) (string, error) {
	raw, _, err := a.call(ctx, http.MethodPost, "/v1/dev/token", "", map[string]any{"sub": subject, "roles": roles, "ttl": ttl.String()})
	if err != nil {
		return "", fmt.Errorf("%w (only `millrace dev` on this machine signs tokens; elsewhere use `millrace token mint --key-file`)", err)
	}
	var out struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal(raw, &out); err != nil || out.Token == "" {
		return "", errors.New("the server's answer holds no token")
	}
	return out.Token, nil
}

// waitForViews returns when the server's tables have reached ends.
func (a *app) waitForViews(ctx context.Context, ends cluster.Ends) error {
	query := url.Values{"min_as_of": {asof.Changelogs(ends).Encode()}}.Encode()
	for {
		_, status, err := a.call(ctx, http.MethodGet, "/readyz?"+query, "", nil)
		if err == nil {
			return nil
		}
		if status != http.StatusServiceUnavailable {
			return err
		}
		select { // the server has waited before it answered; this pause bounds a broken one
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
