package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/views/token"
)

// The roles that requests need; a token that `dev` signs gets the first.
func reads() []token.Role {
	return []token.Role{token.Viewer, token.Editor, token.Approver, token.Admin}
}
func writes() []token.Role    { return []token.Role{token.Editor, token.Approver, token.Admin} }
func ofAnyUser() []token.Role { return []token.Role{token.Service} }
func ofHealth() []token.Role  { return append(reads(), token.Health, token.Service) }

// credentials are the tokens of one run of the program.
type credentials struct {
	mu     sync.Mutex
	flag   string // of --token
	kept   string // of the context, if --server is the context's
	given  string // by flag, environment or file
	minted map[string]minted
}

// minted is a token that a dev has signed.
type minted struct {
	text  string
	until time.Time
}

// mintedFor is how long a token lasts that the program has signed for itself; a watch signs another one in time.
const mintedFor = 5 * time.Minute

// bearer returns the token of a request: the one that was given, else one that the dev on this machine signs.
func (a *app) bearer(ctx context.Context, roles []token.Role) (string, error) {
	a.credentials.mu.Lock()
	defer a.credentials.mu.Unlock()
	if a.credentials.given == "" {
		text, err := a.configuredToken()
		if err != nil {
			return "", err
		}
		a.credentials.given = text
	}
	if a.credentials.given != "" {
		return a.credentials.given, nil
	}
	if !loopback(a.config.Server) {
		return "", fmt.Errorf("%s wants a token, with role %s: give one by %s, token_file or --token (`millrace token mint --key-file` signs one)",
			a.config.Server, rolesText(roles), config.Token)
	}
	role := roles[0]
	if t, ok := a.credentials.minted[string(role)]; ok && time.Now().Before(t.until) {
		return t.text, nil
	}
	text, err := a.devToken(ctx, actor(), []string{string(role)}, 2*mintedFor)
	if err != nil {
		return "", err
	}
	if a.credentials.minted == nil {
		a.credentials.minted = map[string]minted{}
	}
	a.credentials.minted[string(role)] = minted{text, time.Now().Add(mintedFor)}
	return text, nil
}

// configuredToken returns the token of --token, of the environment, of the context or of token_file, in this order;
// empty if there is none.
func (a *app) configuredToken() (string, error) {
	if t := strings.TrimSpace(a.credentials.flag); t != "" {
		return t, nil
	}
	if t := strings.TrimSpace(os.Getenv(config.Token)); t != "" {
		return t, nil
	}
	if a.credentials.kept != "" {
		return a.credentials.kept, nil
	}
	if a.config.TokenFile == "" {
		return "", nil
	}
	raw, err := os.ReadFile(a.config.TokenFile)
	if err != nil {
		return "", fmt.Errorf("token_file: %w", err)
	}
	t := strings.TrimSpace(string(raw))
	if t == "" {
		return "", fmt.Errorf("token_file: %s is empty", a.config.TokenFile)
	}
	return t, nil
}

// loopback tells whether a URL names this machine.
func loopback(server string) bool {
	u, err := url.Parse(server)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return strings.EqualFold(u.Hostname(), "localhost") || err == nil && addr.Unmap().IsLoopback()
}

// errNoDev says how to get a token where no dev signs one.
var errNoDev = errors.New("only `millrace dev` on this machine signs tokens; elsewhere give one by MILLRACE_TOKEN, token_file or --token (`millrace token mint --key-file` signs one)")

// devToken has a `dev` on loopback sign a token.
func (a *app) devToken(ctx context.Context, subject string, roles []string, ttl time.Duration) (string, error) {
	out, err := a.call(ctx, call{
		method: http.MethodPost, path: "/v1/dev/token",
		body: map[string]any{"sub": subject, "roles": roles, "ttl": ttl.String()},
	})
	var p *problemError
	var refused *net.OpError
	switch {
	case errors.As(err, &p) && slices.Contains([]int{http.StatusNotFound, http.StatusForbidden, http.StatusUnauthorized,
		http.StatusMethodNotAllowed}, p.status):
		return "", fmt.Errorf("%s signs no tokens (%d): %w", a.config.Server, p.status, errNoDev)
	case errors.As(err, &p):
		return "", p // wrong use, whatever it would be elsewhere
	case errors.As(err, &refused):
		return "", fmt.Errorf("%w (%w)", err, errNoDev)
	case err != nil:
		return "", err
	}
	var answer struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal(out.body, &answer); err != nil || answer.Token == "" {
		return "", errors.New("the server's answer holds no token")
	}
	return answer.Token, nil
}

// actor is the subject of tokens that a dev signs for the program: the person at this machine.
func actor() string {
	for _, name := range []string{"USER", "LOGNAME"} {
		if v := os.Getenv(name); v != "" {
			return "cli:" + v
		}
	}
	return "cli"
}
