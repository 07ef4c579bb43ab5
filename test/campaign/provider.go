package campaign

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/test/model"
	"github.com/millrace/millrace/views/signature"
	"github.com/millrace/millrace/worker/payout/simulator"
	"github.com/millrace/millrace/worker/webhook"
)

// Provider is whom workers call: it pays rewards, as the simulator does, and takes the webhooks of triggers. It is no
// better than others are: it fails, answers late or never, and refuses some rewards for good. It counts what it did by
// idempotency key. Which call meets which fault depends on its task alone.
type Provider struct {
	simulator *simulator.Simulator
	url       string
	server    *http.Server
	served    chan error

	mu    sync.Mutex
	hooks map[string]*hook // by effect
}

// hook is what a webhook has brought about.
type hook struct {
	calls int
	keys  []string
}

// plan is what the provider does to payouts and claw-backs.
func plan() simulator.Plan {
	return simulator.Plan{Refused: 200, Failing: 60, Lost: 60, Busy: 20, Hanging: 20, Late: 20, Twice: 20}
}

// StartProvider starts a provider on this machine, which works until Stop.
func StartProvider() (*Provider, error) {
	s, err := simulator.New(plan())
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("provider: %w", err)
	}
	p := &Provider{simulator: s, url: "http://" + listener.Addr().String(), served: make(chan error, 1),
		hooks: map[string]*hook{}}
	mux := http.NewServeMux()
	mux.Handle("/", s)
	mux.HandleFunc("POST /hooks", p.take)
	p.server = &http.Server{Handler: signed(mux), ReadHeaderTimeout: time.Minute}
	go func() { p.served <- p.server.Serve(listener) }()
	return p, nil
}

// Stop ends the provider and returns why it could not go on, if that is so.
func (p *Provider) Stop() error {
	err := p.server.Close()
	if serving := <-p.served; !errors.Is(serving, http.ErrServerClosed) {
		err = errors.Join(err, serving)
	}
	return err
}

// signed lets nobody in who does not sign.
func signed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !signature.Signed(r.Header) {
			http.Error(w, "sign it", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Settings are for a file of settings of every process: payouts and claw-backs go to the provider, and each payment
// that is reversed, and each change of a bank's state, makes a task whose webhook it takes. Nobody waits long.
func (p *Provider) Settings() []byte {
	return fmt.Appendf(nil, `triggers:
- {on: payment_reversed, kind: tell}
- {on: state_changed, kind: warn}
tasks:
  kinds:
  - {name: tell, timeout: 2s, retry: &soon {max_attempts: 100, base: 50ms, cap: 1s}}
  - {name: warn, timeout: 2s, retry: *soon, persist: always, history: 1h}
  - {name: reward_payout, timeout: 2s, retry: *soon, batch: {max_age: 50ms}}
  - {name: reward_clawback, timeout: 2s, retry: *soon, batch: {max_age: 50ms}}
  worker:
    handlers:
      tell: &hook {url: "%[1]s/hooks", secret: %[2]q, allow_private: true, timeout: 1s}
      warn: *hook
  provider: {url: "%[1]s", secret: %[2]q, allow_private: true, timeout: 500ms, concurrency: 4}
`, p.url, "no secret: the provider of a test")
}

// Effects returns the idempotency keys under which each effect was had, by model.EffectOf.
func (p *Provider) Effects() map[string][]string {
	out := map[string][]string{}
	for e, keys := range p.simulator.Effects() {
		kind := task.RewardPayout
		if e.TakeBack {
			kind = task.RewardClawback
		}
		out[fmt.Sprintf("%s %s %d", kind, e.RewardID, e.Epoch)] = keys
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for effect, h := range p.hooks {
		if len(h.keys) > 0 {
			out[effect] = slices.Sorted(slices.Values(h.keys))
		}
	}
	return out
}

// Repeated returns how many webhooks came more than once.
func (p *Provider) Repeated() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for h := range maps.Values(p.hooks) {
		if h.calls > 1 {
			n++
		}
	}
	return n
}

// think is how long a webhook takes. A caller that does not wait for it has no effect.
const think = 50 * time.Millisecond

// take takes a webhook. The first call of some fails, breaks off after its effect, comes too early, or gets no answer.
func (p *Provider) take(w http.ResponseWriter, r *http.Request) {
	var x struct{ ID, Kind string }
	key := r.Header.Get(webhook.IdempotencyHeader)
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 2*task.MaxPayload)).Decode(&x)
	var effect string
	if err == nil {
		effect, err = model.EffectOf(&task.Task{ID: x.ID, Kind: x.Kind})
	}
	if err != nil || key == "" {
		http.Error(w, fmt.Sprintf("a webhook with key %q: %v", key, err), http.StatusBadRequest)
		return
	}
	draw := uint32(100) // no fault
	if p.called(effect) == 1 {
		draw = lot(effect, "hook") % 40
	}
	select {
	case <-time.After(think):
	case <-r.Context().Done():
		return
	}
	switch draw {
	case 0, 1:
		http.Error(w, "try again", http.StatusInternalServerError)
	case 2:
		w.Header().Set("Retry-After", "1")
		http.Error(w, "busy", http.StatusServiceUnavailable)
	case 3:
		<-r.Context().Done()
	case 4, 5:
		p.had(effect, key)
		panic(http.ErrAbortHandler) // the connection breaks
	default:
		p.had(effect, key)
	}
}

// called counts a call, and returns which one it is.
func (p *Provider) called(effect string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.hooks[effect]
	if h == nil {
		h = &hook{}
		p.hooks[effect] = h
	}
	h.calls++
	return h.calls
}

// had notes an effect. A key that is known has none.
func (p *Provider) had(effect, key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if h := p.hooks[effect]; !slices.Contains(h.keys, key) {
		h.keys = append(h.keys, key)
	}
}

// lot draws for those who decide in a test: the same for the same words.
func lot(words ...string) uint32 {
	h := fnv.New32a()
	for _, w := range words {
		_, _ = h.Write([]byte(w)) // never fails
	}
	return h.Sum32()
}
