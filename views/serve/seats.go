package serve

import (
	"net/http"
	"sync"

	"github.com/millrace/millrace/views/problem"
	"github.com/millrace/millrace/views/token"
)

// streamRetry is how many seconds whoever finds no seat should stay away.
const streamRetry = "5"

// Seats are the streams that one server has to give: so many in all, and so many to each who asks, so that nobody takes
// all.
type Seats struct {
	all, each int

	mu    sync.Mutex
	taken int
	by    map[string]int
}

// NewSeats returns seats for all together, and for each.
func NewSeats(all, each int) *Seats { return &Seats{all: all, each: each, by: map[string]int{}} }

// Take gives a seat to who, or says why not: 429 where who has as many as they may, 503 where there are none. Whoever
// took one must leave.
func (x *Seats) Take(who string) (leave func(), refused *problem.Problem) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case x.by[who] >= x.each:
		return nil, problem.New(http.StatusTooManyRequests, problem.RateLimited,
			"too many streams are open: close one, or listen once for all").With("Retry-After", streamRetry)
	case x.taken >= x.all:
		return nil, problem.New(http.StatusServiceUnavailable, problem.Unavailable,
			"the server has too many listeners").With("Retry-After", streamRetry)
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

// Open returns how many seats are taken.
func (x *Seats) Open() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.taken
}

// Whose returns under which name the streams of a caller are counted: the token's subject, or the address where there
// is no token.
func Whose(who token.Identity, r *http.Request) string {
	if who.Subject == "" {
		return "address " + Address(r)
	}
	return "subject " + who.Subject
}

// Holders returns how many have a seat.
func (x *Seats) Holders() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.by)
}
