// Package webhook sends runs of tasks to a URL, signed.
package webhook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/millrace/millrace/views/signature"
	"github.com/millrace/millrace/worker"
)

// The defaults and bounds of Config.
const (
	DefaultTimeout = 10 * time.Second
	maxAnswer      = 64 << 10 // bytes of an answer that are read
	maxRedirects   = 3
	minSecret      = 16
	maxPause       = time.Hour        // that a Retry-After may ask for
	defaultPause   = 30 * time.Second // where there is none
)

// IdempotencyHeader carries the key by which a receiver recognises a repetition.
const IdempotencyHeader = "Idempotency-Key"

// CodeRejected is the error code of a call that the receiver will never take; CodeAddress that of one that must not be
// made. Policies list them under retry.non_retryable.
const (
	CodeRejected    = "rejected"
	CodeAddress     = "forbidden_address"
	codeUnavailable = "unavailable"
	codeUnreachable = "unreachable"
	codeTimeout     = "timeout"
)

var errForbidden = errors.New("webhook: the address is forbidden")

// ClientConfig says whom to call.
type ClientConfig struct {
	// URL takes POST. It is https, or http.
	URL string
	// Secret signs, at least 16 bytes. Defaults to none: calls are not signed.
	Secret []byte
	// Timeout bounds one call, redirects and answer included. Defaults to 10 s.
	Timeout time.Duration
	// AllowPrivate permits addresses that are not public: private, loopback, link-local and the like. Defaults to
	// false.
	AllowPrivate bool
	// Now defaults to time.Now.
	Now func() time.Time
}

// Validate returns every problem of c, joined.
func (c ClientConfig) Validate() error {
	var errs []error
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		errs = append(errs, errors.New("url: write an address that begins with https:// or http://, without a user"))
	}
	if n := len(c.Secret); n > 0 && n < minSecret {
		errs = append(errs, fmt.Errorf("secret: it has %d bytes, write at least %d", n, minSecret))
	}
	if c.Timeout < 0 || c.Timeout > time.Hour {
		errs = append(errs, fmt.Errorf("timeout %s: write 0s for %s, up to 1h", c.Timeout, DefaultTimeout))
	}
	return errors.Join(errs...)
}

// Client posts signed JSON.
type Client struct {
	config ClientConfig
	http   *http.Client
}

// NewClient returns a client of c.
func NewClient(c ClientConfig) (*Client, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Client{config: c, http: newHTTP(c, newDialer(c).DialContext)}, nil
}

// newDialer returns what makes connections: only to addresses that c permits.
func newDialer(c ClientConfig) *net.Dialer {
	d := &net.Dialer{Timeout: c.Timeout}
	if !c.AllowPrivate {
		d.Control = control
	}
	return d
}

func newHTTP(c ClientConfig, dial func(ctx context.Context, network, address string) (net.Conn, error)) *http.Client {
	// No proxy: the addresses that are dialled have to be those of the receiver.
	transport := &http.Transport{
		DialContext: dial, TLSHandshakeTimeout: c.Timeout, ForceAttemptHTTP2: true,
		MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: maxAnswer,
	}
	return &http.Client{Transport: transport, Timeout: c.Timeout, CheckRedirect: redirect}
}

// redirect follows few redirects. Each connection is checked when it is made; a redirect from https never leads to
// http, where the body could be read.
func redirect(next *http.Request, via []*http.Request) error {
	switch {
	case len(via) > maxRedirects:
		return fmt.Errorf("webhook: more than %d redirects", maxRedirects)
	case next.URL.Scheme != "https" && (next.URL.Scheme != "http" || via[0].URL.Scheme == "https"):
		return fmt.Errorf("%w: a redirect to %s", errForbidden, next.URL.Scheme)
	case next.Method != http.MethodPost:
		return errors.New("webhook: a redirect that drops the body (only 307 and 308 keep it)")
	default:
		return nil
	}
}

// Answer is what a receiver said.
type Answer struct {
	Status int
	Body   []byte
	// Retry is what Retry-After asks for, at most 1 h; 30 s where it asks for nothing.
	Retry time.Duration
}

// Post sends a body, with an idempotency key. An answer of any status is no error.
func (c *Client) Post(ctx context.Context, key string, body []byte) (*Answer, error) {
	return c.do(ctx, http.MethodPost, c.config.URL, key, body)
}

// Get asks below the URL, with the idempotency key as the last part of the path.
func (c *Client) Get(ctx context.Context, key string) (*Answer, error) {
	u, err := url.JoinPath(c.config.URL, url.PathEscape(key))
	if err != nil {
		return nil, err
	}
	return c.do(ctx, http.MethodGet, u, key, nil)
}

func (c *Client) do(ctx context.Context, method, to, key string, body []byte) (*Answer, error) {
	req, err := newRequest(ctx, method, to, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set(IdempotencyHeader, key)
	if len(c.config.Secret) > 0 {
		req.Header.Set(signature.Header, signature.Sign(c.config.Secret, c.config.Now(), body))
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxAnswer:
		return nil, fmt.Errorf("webhook: the answer is longer than %d bytes", maxAnswer)
	}
	return &Answer{resp.StatusCode, text, c.pause(resp.Header.Get("Retry-After"))}, nil
}

// pause reads a Retry-After: seconds, or a time.
func (c *Client) pause(text string) time.Duration {
	d := defaultPause
	if n, err := strconv.ParseInt(text, 10, 32); err == nil {
		d = time.Duration(n) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		d = at.Sub(c.config.Now())
	}
	return min(max(d, time.Second), maxPause)
}

// resultOf returns what a failed call, or an answer other than 2xx, means for the run; ok is true for 2xx.
func resultOf(a *Answer, err error) (r worker.Result, ok bool) {
	var late interface{ Timeout() bool }
	switch {
	case errors.Is(err, errForbidden):
		return worker.Fail(CodeAddress, err), false
	case errors.As(err, &late) && late.Timeout():
		return worker.Fail(codeTimeout, err), false
	case err != nil:
		return worker.Fail(codeUnreachable, err), false
	case a.Status >= 200 && a.Status < 300:
		return worker.OK(nil), true
	case a.Status == http.StatusTooManyRequests, a.Status == http.StatusServiceUnavailable:
		return worker.Snooze(a.Retry), false
	case a.Status == http.StatusRequestTimeout, a.Status >= 500:
		return worker.Fail(codeUnavailable, fmt.Errorf("the receiver answered %d", a.Status)), false
	default:
		return worker.Fail(CodeRejected, fmt.Errorf("the receiver answered %d: %.200s", a.Status, a.Body)), false
	}
}
