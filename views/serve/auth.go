package serve

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

// BearerScheme names tokens in the document.
const BearerScheme = "bearer"

// Access says who may use an operation.
type Access struct {
	Roles []token.Role
	// Class is what its requests are counted under. Defaults to PanelClass.
	Class class
	// open lets callers on this machine in without a token.
	open bool
}

// UserAccess is for users, and services on their behalf.
func UserAccess() Access {
	return Access{Roles: []token.Role{token.User, token.Service}, Class: UserClass}
}

// PanelAccess is for those who may look at the panel.
func PanelAccess() Access {
	return Access{Roles: []token.Role{token.Viewer, token.Editor, token.Approver, token.Admin}, Class: PanelClass}
}

// HealthAccess includes the panel's roles, since the panel shows health.
func (s *Kit) HealthAccess() Access {
	return Access{Roles: append(PanelAccess().Roles, token.Health, token.Service), open: s.Config.OpenHealth,
		Class: healthClass}
}

// Guard lets an operation's callers in, before anything else of the request is looked at.
func (s *Kit) Guard(a Access) func(huma.Context, func(huma.Context)) {
	if a.Class == "" {
		a.Class = PanelClass
	}
	return func(ctx huma.Context, next func(huma.Context)) {
		who, p := s.Admit(Request(ctx.Context()), a)
		if p != nil {
			s.Refuse(ctx, p)
			return
		}
		ctx = huma.WithValue(ctx, IdentityKey, who)
		s.Known(huma.WithValue(ctx, resourceKey, resourceOf(ctx, who.Subject)), next)
	}
}

// Admit returns who asks, or why not. What has no valid token is counted by its address, so that guessing is slow.
func (s *Kit) Admit(r *http.Request, a Access) (token.Identity, *problem.Problem) {
	header, open := r.Header.Get("Authorization"), a.open && Local(r)
	if header == "" && open {
		return token.Identity{}, s.Limiters.Take(a.Class, Address(r))
	}
	who, p := s.authenticate(r.Context(), header)
	if p != nil {
		if limited := s.Limiters.Take(AnonymousClass, Address(r)); limited != nil {
			p = limited
		}
		return who, p
	}
	if p = s.Limiters.identified(a.Class, who); p == nil && !who.Has(a.Roles...) && !open {
		p = forbidden()
	}
	return who, p
}

// Refuse answers with a problem.
func (s *Kit) Refuse(ctx huma.Context, p *problem.Problem) {
	for name, values := range p.GetHeaders() {
		ctx.SetHeader(name, values[0])
	}
	ctx.SetHeader("Content-Type", problem.ContentType)
	ctx.SetStatus(p.Status)
	// a client that went away is not our error
	_ = s.API.Marshal(ctx.BodyWriter(), "application/json", p.For(RequestID(ctx.Context())))
}

func (s *Kit) authenticate(ctx context.Context, header string) (token.Identity, *problem.Problem) {
	scheme, text, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") || text == "" {
		return token.Identity{}, problem.Of(http.StatusUnauthorized).With("WWW-Authenticate", `Bearer realm="millrace"`)
	}
	who, err := s.Config.Verifier.Verify(ctx, strings.TrimSpace(text))
	if err != nil {
		s.Config.Log.Debug("token refused", "error", err)
		return token.Identity{}, problem.Of(http.StatusUnauthorized).
			With("WWW-Authenticate", `Bearer realm="millrace", error="invalid_token"`)
	}
	return who, nil
}

func forbidden() *problem.Problem {
	return problem.Of(http.StatusForbidden).With("WWW-Authenticate",
		`Bearer realm="millrace", error="insufficient_scope"`)
}

// Identity returns who asks.
func Identity(ctx context.Context) token.Identity {
	who, _ := ctx.Value(IdentityKey).(token.Identity)
	return who
}

// Request returns the request of an operation.
func Request(ctx context.Context) *http.Request {
	r, _ := ctx.Value(requestKey).(*http.Request)
	return r
}

// myself stands for the subject of the token, where users are named.
const myself = "me"

// Subject resolves the {id} of a user route. A user asks for themselves alone: another's id does not exist for them.
// A service asks for anyone.
func Subject(ctx context.Context, id string) (string, error) {
	who := Identity(ctx)
	switch {
	case id == myself:
		id = who.Subject
	case id == who.Subject, who.Has(token.Service):
	default:
		return "", problem.Missing("user")
	}
	return id, checkUser(id)
}

// Local tells whether the request comes from this machine: by its address, by the name it asked for (a page of another
// site whose name was bound to 127.0.0.1 still sends its own name), and not through a proxy on this machine.
func Local(r *http.Request) bool {
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

// SameOrigin tells whether a request was made by no web page, or by a page of this server.
func SameOrigin(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
	default:
		return false
	}
	origin := r.Header.Get("Origin")
	return origin == "" || origin == "http://"+r.Host || origin == "https://"+r.Host
}
