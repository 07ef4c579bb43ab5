package views

import (
	"net/http"
	"sync"

	"github.com/millrace/millrace/views/problem"
	"github.com/millrace/millrace/views/token"
)

// streamRetry is how many seconds whoever finds no seat should stay away.
const streamRetry = "5"

// seats are the streams that one server has to give: so many in all, and so many to each who asks, so that nobody takes
// all.
type seats struct {
	all, each int

	mu    sync.Mutex
	taken int
	by    map[string]int
}

func newSeats(all, each int) *seats { return &seats{all: all, each: each, by: map[string]int{}} }

// take gives a seat to who, or says why not: 429 where who has as many as they may, 503 where there are none. Whoever
// took one must leave.
func (x *seats) take(who string) (leave func(), refused *problem.Problem) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case x.by[who] >= x.each:
		return nil, problem.New(http.StatusTooManyRequests, problem.RateLimited, "too many streams are open: close one, or listen once for all").With("Retry-After", streamRetry)
	case x.taken >= x.all:
		return nil, problem.New(http.StatusServiceUnavailable, problem.Unavailable, "the server has too many listeners").With("Retry-After", streamRetry)
	}
	x.taken++
	x.by[who]++
	return func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.taken--
		if x.by[who]--; x.by[who] == 0 {
			delete(x.by, who)
		}
	}, nil
}

// open returns how many seats are taken.
func (x *seats) open() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.taken
}

// whose returns under which name the streams of a caller are counted: the token's subject, or the address where there
// is no token.
func whose(who token.Identity, r *http.Request) string {
	if who.Subject == "" {
		return "address " + address(r)
	}
	return "subject " + who.Subject
}

// holders returns how many have a seat.
func (x *seats) holders() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.by)
}
