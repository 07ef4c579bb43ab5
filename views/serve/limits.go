package serve

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/views/problem"
	"github.com/millrace/millrace/views/rate"
	"github.com/millrace/millrace/views/token"
)

// Limits says how often one subject may ask, by what it asks for. The zero value is no limits.
type Limits struct {
	User, Panel, Health, Relay rate.Limit
	// Service is for subjects with the role service, whatever they ask for but the relay.
	Service rate.Limit
	// Anonymous is for requests without a valid token, by address; IPv6 by /64.
	Anonymous rate.Limit
}

func (l Limits) byClass() map[class]rate.Limit {
	return map[class]rate.Limit{
		UserClass: l.User, PanelClass: l.Panel, healthClass: l.Health, RelayClass: l.Relay, serviceClass: l.Service,
		AnonymousClass: l.Anonymous,
	}
}

// Validate returns every problem of l, joined.
func (l Limits) Validate() error {
	var errs []error
	for name, limit := range l.byClass() {
		if err := limit.Validate(); err != nil {
			errs = append(errs, fmt.Errorf("rate.%s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// class is what a request is counted under.
type class string

const (
	// UserClass is of what users ask for.
	UserClass class = "user"
	// PanelClass is of the panel.
	PanelClass  class = "panel"
	healthClass class = "health"
	// RelayClass is of events that are handed in.
	RelayClass   class = "relay"
	serviceClass class = "service"
	// AnonymousClass is of requests without a valid token.
	AnonymousClass class = "anonymous"
	streamClass    class = "stream" // streams that are open at once, not requests a second
)

// limiters count requests by class and subject.
type limiters struct {
	by      map[class]*rate.Limiter
	refused *prometheus.CounterVec
}

func newLimiters(l Limits, now func() time.Time, refused *prometheus.CounterVec) *limiters {
	all := &limiters{by: map[class]*rate.Limiter{}, refused: refused}
	for name, limit := range l.byClass() {
		all.by[name] = rate.New(limit, now)
		all.refused.WithLabelValues(string(name))
	}
	all.refused.WithLabelValues(string(streamClass))
	return all
}

// measureKeys tells when the keys that a URL publishes were read, where there are any: an issuer that changes its keys
// while the URL is away locks everybody out.
func (s *Kit) measureKeys() {
	if _, published := s.Config.Verifier.Standing(); !published || s.Config.Registerer == nil {
		return
	}
	s.Config.Registerer.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "millrace_token_keys_read_timestamp_seconds",
		Help: "When the keys that auth.jwks_url publishes were last read; 0 if never.",
	}, func() float64 {
		keys, _ := s.Config.Verifier.Standing()
		if keys.Fetched.IsZero() {
			return 0
		}
		return float64(keys.Fetched.Unix())
	}))
}

// Take counts a request; if it came too soon it returns the answer.
func (l *limiters) Take(c class, subject string) *problem.Problem {
	wait, ok := l.by[c].Take(subject)
	if ok {
		return nil
	}
	l.refused.WithLabelValues(string(c)).Inc()
	return problem.Of(http.StatusTooManyRequests).With("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
}

// Full notes that somebody got no stream, and returns the answer.
func (l *limiters) Full(p *problem.Problem) *problem.Problem {
	if p.Status == http.StatusTooManyRequests {
		l.refused.WithLabelValues(string(streamClass)).Inc()
	}
	return p
}

// identified counts a request whose token is good.
func (l *limiters) identified(c class, who token.Identity) *problem.Problem {
	if c != RelayClass && who.Has(token.Service) {
		c = serviceClass
	}
	return l.Take(c, who.Subject)
}

// Address returns what a request without a subject is counted by. A proxy's word for it is not taken: anyone can say
// it.
func Address(r *http.Request) string {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	addr := from.Addr().Unmap().WithZone("")
	if addr.Is6() {
		const network = 64
		if prefix, err := addr.Prefix(network); err == nil {
			return prefix.String()
		}
	}
	return addr.String()
}
