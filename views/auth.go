package views

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/views/problem"
	"github.com/millrace/millrace/views/token"
)

const bearerScheme = "bearer"

// access says who may use an operation.
type access struct {
	roles []token.Role
	// class is what its requests are counted under. Defaults to panelClass.
	class class
	// open lets callers on this machine in without a token.
	open bool
}

func userAccess() access {
	return access{roles: []token.Role{token.User, token.Service}, class: userClass}
}

func panelAccess() access {
	return access{roles: []token.Role{token.Viewer, token.Editor, token.Approver, token.Admin}, class: panelClass}
}

// healthAccess includes the panel's roles, since the panel shows health.
func (s *kit) healthAccess() access {
	return access{roles: append(panelAccess().roles, token.Health, token.Service), open: s.config.OpenHealth, class: healthClass}
}

// guard lets an operation's callers in, before anything else of the request is looked at.
func (s *kit) guard(a access) func(huma.Context, func(huma.Context)) {
	if a.class == "" {
		a.class = panelClass
	}
	return func(ctx huma.Context, next func(huma.Context)) {
		who, p := s.admit(request(ctx.Context()), a)
		if p != nil {
			s.refuse(ctx, p)
			return
		}
		ctx = huma.WithValue(ctx, identityKey, who)
		s.known(huma.WithValue(ctx, resourceKey, resourceOf(ctx, who.Subject)), next)
	}
}

// admit returns who asks, or why not. What has no valid token is counted by its address, so that guessing is slow.
func (s *kit) admit(r *http.Request, a access) (token.Identity, *problem.Problem) {
	header, open := r.Header.Get("Authorization"), a.open && local(r)
	if header == "" && open {
		return token.Identity{}, s.limiters.take(a.class, address(r))
	}
	who, p := s.authenticate(r.Context(), header)
	if p != nil {
		if limited := s.limiters.take(anonymousClass, address(r)); limited != nil {
			p = limited
		}
		return who, p
	}
	if p = s.limiters.identified(a.class, who); p == nil && !who.Has(a.roles...) && !open {
		p = forbidden()
	}
	return who, p
}

func (s *kit) refuse(ctx huma.Context, p *problem.Problem) {
	for name, values := range p.GetHeaders() {
		ctx.SetHeader(name, values[0])
	}
	ctx.SetHeader("Content-Type", problem.ContentType)
	ctx.SetStatus(p.Status)
	_ = s.api.Marshal(ctx.BodyWriter(), "application/json", p.For(requestID(ctx.Context()))) // a client that went away is not our error
}

func (s *kit) authenticate(ctx context.Context, header string) (token.Identity, *problem.Problem) {
	scheme, text, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") || text == "" {
		return token.Identity{}, problem.Of(http.StatusUnauthorized).With("WWW-Authenticate", `Bearer realm="millrace"`)
	}
	who, err := s.config.Verifier.Verify(ctx, strings.TrimSpace(text))
	if err != nil {
		s.config.Log.Debug("token refused", "error", err)
		return token.Identity{}, problem.Of(http.StatusUnauthorized).
			With("WWW-Authenticate", `Bearer realm="millrace", error="invalid_token"`)
	}
	return who, nil
}

func forbidden() *problem.Problem {
	return problem.Of(http.StatusForbidden).With("WWW-Authenticate", `Bearer realm="millrace", error="insufficient_scope"`)
}

func identity(ctx context.Context) token.Identity {
	who, _ := ctx.Value(identityKey).(token.Identity)
	return who
}

func request(ctx context.Context) *http.Request {
	r, _ := ctx.Value(requestKey).(*http.Request)
	return r
}

// myself stands for the subject of the token, where users are named.
const myself = "me"

// subject resolves the {id} of a user route. A user asks for themselves alone: another's id does not exist for them.
// A service asks for anyone.
func subject(ctx context.Context, id string) (string, error) {
	who := identity(ctx)
	switch {
	case id == myself:
		return who.Subject, nil
	case id == who.Subject, who.Has(token.Service):
		return id, nil
	default:
		return "", problem.Missing("user")
	}
}

// local tells whether the request comes from this machine: by its address, by the name it asked for (a page of another
// site whose name was bound to 127.0.0.1 still sends its own name), and not through a proxy on this machine.
func local(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	addr, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && addr.Addr().Unmap().IsLoopback() && loopbackName(r.Host)
}

func loopbackName(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// sameOrigin tells whether a request was made by no web page, or by a page of this server.
func sameOrigin(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
	default:
		return false
	}
	origin := r.Header.Get("Origin")
	return origin == "" || origin == "http://"+r.Host || origin == "https://"+r.Host
}
