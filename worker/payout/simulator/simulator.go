// Package simulator is a provider of rewards for `dev` and for tests: it answers as real ones do, also badly. It pays
// nobody.
package simulator

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
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
	// Hanging tasks get no answer to their first call, and nothing is paid: it waits until the caller gives up.
	Hanging int
	// Late tasks are paid once the caller of their first call has given up waiting.
	Late int
	// Twice tasks get every answer twice, the second one as if it were the next call's.
	Twice int
}

// share is how many of 1,000 tasks meet a fault.
type share struct {
	fault
	of int
}

func (p Plan) shares() []share {
	return []share{{refused, p.Refused}, {failing, p.Failing}, {lost, p.Lost}, {busy, p.Busy}, {hanging, p.Hanging},
		{late, p.Late}, {twice, p.Twice}}
}

// Validate returns what is wrong with p.
func (p Plan) Validate() error {
	sum, negative := 0, false
	for _, s := range p.shares() {
		sum, negative = sum+s.of, negative || s.of < 0
	}
	if negative || sum > 1000 {
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
	hanging
	late
	twice
)

func (p Plan) faultOf(task string) fault {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%d/%s", p.Seed, task) // hash.Hash never fails
	n := int((h.Sum64() ^ h.Sum64()>>33) % 1000)
	for _, s := range p.shares() {
		if n < s.of {
			return s.fault
		}
		n -= s.of
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
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCall)) // to its end, else nobody sees the caller go
	if err == nil {
		err = json.Unmarshal(body, &c)
	}
	key := r.Header.Get(webhook.IdempotencyHeader)
	if err != nil || key == "" || key != c.TaskID {
		http.Error(w, "want a call whose task_id is its "+webhook.IdempotencyHeader, http.StatusBadRequest)
		return
	}
	switch reply, f := s.judge(c, back); f {
	case hanging:
		<-r.Context().Done()
	case late:
		<-r.Context().Done()
		s.judge(c, back)
	case twice:
		writeTwice(w, reply)
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
	f := s.plan.faultOf(c.TaskID)
	if r, ok := s.replies[c.TaskID]; ok {
		return r, f.answered()
	}
	s.calls[c.TaskID]++
	if f.before() && s.calls[c.TaskID] == 1 {
		return payout.Reply{}, f
	}
	r := payout.Reply{TaskID: c.TaskID, OK: f != refused}
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
	return r, f.answered()
}

// before tells whether the fault comes before the payment.
func (f fault) before() bool { return f == failing || f == busy || f == hanging || f == late }

// answered returns what is left of a fault once the task has its reply.
func (f fault) answered() fault {
	if f == twice {
		return f
	}
	return none
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

// writeTwice writes an answer, and once more on the same connection: whoever calls next may take it for its own.
func writeTwice(w http.ResponseWriter, r payout.Reply) {
	body, err := json.Marshal(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil { // HTTP/2 has no such fault
		write(w, r)
		return
	}
	defer func() { _ = conn.Close() }() // the client may be gone
	const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
	one := fmt.Sprintf(head, len(body), body)
	_, _ = io.WriteString(conn, one+one)
}

func write(w http.ResponseWriter, r payout.Reply) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(r) // the client may be gone
}
