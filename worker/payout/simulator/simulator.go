// Package simulator is a provider of rewards for `dev` and for tests: it answers as real ones do, also badly. It pays
// nobody.
package simulator

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"strings"
	"sync"

	"github.com/millrace/millrace/worker/payout"
	"github.com/millrace/millrace/worker/webhook"
)

// Plan says how many of 1,000 tasks meet each fault. What a task meets depends on its id and Seed alone. Together they
// are at most 1,000; the rest is paid at once. The zero Plan pays everything.
type Plan struct {
	Seed uint64
	// Refused tasks are refused for good.
	Refused int
	// Failing tasks get 500 to their first call, before anything was paid.
	Failing int
	// Lost tasks are paid at their first call, whose answer never comes: the connection breaks.
	Lost int
	// Busy tasks get 503 with Retry-After to their first call.
	Busy int
}

// Validate returns what is wrong with p.
func (p Plan) Validate() error {
	if p.Refused < 0 || p.Failing < 0 || p.Lost < 0 || p.Busy < 0 || p.Refused+p.Failing+p.Lost+p.Busy > 1000 {
		return fmt.Errorf("simulator: the shares of a plan are 0 or more, and together at most 1000: %+v", p)
	}
	return nil
}

type fault int

const (
	none fault = iota
	refused
	failing
	lost
	busy
)

func (p Plan) faultOf(task string) fault {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%d/%s", p.Seed, task) // hash.Hash never fails
	n := int((h.Sum64() ^ h.Sum64()>>33) % 1000)
	for _, f := range []struct {
		fault
		share int
	}{{refused, p.Refused}, {failing, p.Failing}, {lost, p.Lost}, {busy, p.Busy}} {
		if n < f.share {
			return f.fault
		}
		n -= f.share
	}
	return none
}

// Effect is something that was paid, or taken back.
type Effect struct {
	RewardID string
	Epoch    int64
	TakeBack bool
}

// Simulator is the HTTP handler. Its methods are safe for concurrent use.
type Simulator struct {
	plan Plan
	mux  *http.ServeMux

	mu      sync.Mutex
	calls   map[string]int
	replies map[string]payout.Reply
	effects map[Effect][]string
}

// New returns a simulator that goes by a valid plan.
func New(p Plan) (*Simulator, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	s := &Simulator{plan: p, mux: http.NewServeMux(), calls: map[string]int{}, replies: map[string]payout.Reply{},
		effects: map[Effect][]string{}}
	s.mux.HandleFunc("POST /payouts", func(w http.ResponseWriter, r *http.Request) { s.answer(w, r, false) })
	s.mux.HandleFunc("POST /clawbacks", func(w http.ResponseWriter, r *http.Request) { s.answer(w, r, true) })
	s.mux.HandleFunc("GET /tasks/{task}", s.status)
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Effects returns, for all that was paid or taken back, the idempotency keys under which it was.
func (s *Simulator) Effects() map[Effect][]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.effects)
}

// maxCall bounds the body of a request, in bytes.
const maxCall = 64 << 10

func (s *Simulator) answer(w http.ResponseWriter, r *http.Request, back bool) {
	var c payout.Call
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxCall)).Decode(&c)
	key := r.Header.Get(webhook.IdempotencyHeader)
	if err != nil || key == "" || key != c.TaskID {
		http.Error(w, "want a call whose task_id is its "+webhook.IdempotencyHeader, http.StatusBadRequest)
		return
	}
	switch reply, f := s.judge(c, back); f {
	case failing:
		http.Error(w, "try again", http.StatusInternalServerError)
	case busy:
		w.Header().Set("Retry-After", "1")
		http.Error(w, "busy", http.StatusServiceUnavailable)
	case lost:
		panic(http.ErrAbortHandler) // the connection breaks
	default:
		write(w, reply)
	}
}

// judge decides on a call: the first one of a task has its fault, later ones get the task's one reply.
func (s *Simulator) judge(c payout.Call, back bool) (payout.Reply, fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.replies[c.TaskID]; ok {
		return r, none
	}
	s.calls[c.TaskID]++
	f := s.plan.faultOf(c.TaskID)
	if (f == failing || f == busy) && s.calls[c.TaskID] == 1 {
		return payout.Reply{}, f
	}
	r := payout.Reply{OK: f != refused}
	switch {
	case !r.OK:
		r.Reason = "account_closed"
	case c.Kind == "gift_card" && !back:
		r.Code = "SIM-" + strings.ToUpper(short(c.TaskID))
	}
	if r.OK {
		e := Effect{c.RewardID, c.Epoch, back}
		s.effects[e] = append(s.effects[e], c.TaskID)
	}
	s.replies[c.TaskID] = r
	if f == lost {
		return r, f
	}
	return r, none
}

func short(task string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(task)) // hash.Hash never fails
	return fmt.Sprintf("%08x", h.Sum32())
}

func (s *Simulator) status(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	reply, ok := s.replies[r.PathValue("task")]
	s.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	write(w, reply)
}

func write(w http.ResponseWriter, r payout.Reply) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(r) // the client may be gone
}
