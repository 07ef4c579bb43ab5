package token

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"
)

// The defaults of RemoteConfig, and how much of an answer is read.
const (
	DefaultRefresh = 5 * time.Minute
	DefaultPause   = 10 * time.Second
	DefaultTimeout = 5 * time.Second
	maxSetBytes    = 256 << 10
)

// RemoteConfig says where keys are published and how often they are asked for.
type RemoteConfig struct {
	// URL answers GET with a JWK set. It is https, or http on this machine.
	URL string
	// Refresh is how often the set is read. Defaults to 5 min.
	Refresh time.Duration
	// Pause is the least time between two reads, whoever asks: after a failure, and for tokens that name a key which is
	// not in the set. So strangers' tokens cannot make this server call another more often. Defaults to 10 s.
	Pause time.Duration
	// Timeout bounds one read. Defaults to 5 s.
	Timeout time.Duration
	// Transport sends the request. Defaults to http.DefaultTransport.
	Transport http.RoundTripper
	// Log takes failures. Defaults to slog.Default().
	Log *slog.Logger
}

// Validate returns every problem of c, joined.
func (c RemoteConfig) Validate() error {
	errs := []error{checkURL(c.URL)}
	for name, d := range map[string]time.Duration{"refresh": c.Refresh, "pause": c.Pause, "timeout": c.Timeout} {
		if d < 0 {
			errs = append(errs, fmt.Errorf("token keys: %s %s must not be negative", name, d))
		}
	}
	return errors.Join(errs...)
}

func checkURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return errors.New("token keys: the URL of a JWK set is needed")
	}
	if u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()) {
		return nil
	}
	return errors.New("token keys: the URL must be https, or http on this machine: whoever can change the answer can sign tokens")
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// Remote holds the keys that a URL publishes. While the URL is away it keeps those it has. All methods are safe for
// concurrent use.
type Remote struct {
	config RemoteConfig
	client *http.Client

	mu      sync.Mutex
	keys    []Key
	fetched time.Time // when keys were read; zero before the first
	tried   time.Time
	failure error         // of the newest read
	reading chan struct{} // closed at the end of the read under way; nil without one
}

// NewRemote returns the keys of c, none yet: see Verifier.Run.
func NewRemote(c RemoteConfig) (*Remote, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Refresh == 0 {
		c.Refresh = DefaultRefresh
	}
	if c.Pause == 0 {
		c.Pause = DefaultPause
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Transport == nil {
		c.Transport = &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: c.Timeout}).DialContext,
			TLSHandshakeTimeout: c.Timeout,
			MaxIdleConns:        1, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
		}
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	stay := func(*http.Request, []*http.Request) error { return errors.New("it redirects") }
	return &Remote{config: c, client: &http.Client{Transport: c.Transport, Timeout: c.Timeout,
		CheckRedirect: stay}}, nil
}

// Run reads the keys at once and then again and again, until ctx ends.
func (r *Remote) Run(ctx context.Context) {
	defer r.client.CloseIdleConnections()
	for ctx.Err() == nil {
		pause := r.config.Refresh
		r.read(ctx)
		if s := r.Standing(); s.Err != nil {
			pause = r.config.Pause
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// Standing says how a Remote does.
type Standing struct {
	// Keys is how many there are.
	Keys int
	// Fetched is when they were read; zero if never.
	Fetched time.Time
	// Err is why the newest read failed; nil if it did not.
	Err error
}

// Standing returns how r does.
func (r *Remote) Standing() Standing {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Standing{Keys: len(r.keys), Fetched: r.fetched, Err: r.failure}
}

// current returns the keys as they are known.
func (r *Remote) current() []Key {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.keys
}

// renew returns the keys after they were read anew, unless they were not long ago. It ends with ctx, the read does not.
func (r *Remote) renew(ctx context.Context) []Key {
	r.read(ctx)
	return r.current()
}

// read asks for the keys, unless that was tried within the pause. Who comes while somebody reads waits for the same
// answer.
func (r *Remote) read(ctx context.Context) {
	r.mu.Lock()
	if r.reading == nil {
		if !r.tried.IsZero() && time.Since(r.tried) < r.config.Pause {
			r.mu.Unlock()
			return
		}
		r.tried, r.reading = time.Now(), make(chan struct{})
		go r.fetch(context.WithoutCancel(ctx), r.reading) // it ends with its timeout
	}
	done := r.reading
	r.mu.Unlock()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

func (r *Remote) fetch(ctx context.Context, done chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, r.config.Timeout)
	defer cancel()
	keys, err := r.get(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil && (r.failure == nil || r.failure.Error() != err.Error()) {
		r.config.Log.Warn("the keys of tokens cannot be read; those known stay", "known", len(r.keys), "error", err)
	}
	if err == nil {
		r.keys, r.fetched = slices.Clip(keys), time.Now()
	}
	r.failure, r.reading = err, nil
	close(done)
}

func (r *Remote) get(ctx context.Context) ([]Key, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.config.URL, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the URL of the keys answers %d", resp.StatusCode)
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxSetBytes+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > maxSetBytes {
		return nil, fmt.Errorf("the URL of the keys answers with more than %d bytes", maxSetBytes)
	}
	return parseSet(raw)
}
