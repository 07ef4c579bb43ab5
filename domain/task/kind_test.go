package task_test

import (
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/domain/task"
)

func TestBuiltInKindsAreValid(t *testing.T) {
	kinds := task.BuiltIn().With(task.DefaultKind("tell"), task.DefaultBatch("sweep"))
	if err := kinds.Validate(); err != nil {
		t.Error(err)
	}
	other := task.DefaultKind(task.RewardPayout)
	other.Timeout = time.Minute
	kinds = kinds.With(other)
	if k, ok := kinds.Find(task.RewardPayout); !ok || k.Mode != task.Micro || k.Timeout != time.Minute || len(kinds) != 4 {
		t.Errorf("a declared kind does not replace the built-in one: %+v in %v", k, kinds.Names())
	}
	if _, ok := kinds.Find("unknown"); ok {
		t.Error("unknown is known")
	}
}

// Every number has bounds, and each error says what to write.
func TestKindsAreValidated(t *testing.T) {
	plan := task.Plan{Name: "nightly", Spec: task.Spec{Cron: "0 2 * * *", Zone: "UTC"}}
	for want, change := range map[string]func(*task.Kind){
		"name \"Tell\": write lower case":                    func(k *task.Kind) { k.Name = "Tell" },
		"mode \"macro\": write micro or batch":               func(k *task.Kind) { k.Mode = "macro" },
		"persist \"\": write always, until_done or never":    func(k *task.Kind) { k.Persist = "" },
		"on_exhausted \"stop\": write go_on or hold":         func(k *task.Kind) { k.OnExhausted = "stop" },
		"retry.max_attempts 0: write 1 to 100":               func(k *task.Kind) { k.Retry.MaxAttempts = 0 },
		"retry.max_attempts 101":                             func(k *task.Kind) { k.Retry.MaxAttempts = 101 },
		"retry.base 0s":                                      func(k *task.Kind) { k.Retry.Base = 0 },
		"retry.factor 0.999: write 1 to 100":                 func(k *task.Kind) { k.Retry.Factor = 999 },
		"retry.factor 100.001":                               func(k *task.Kind) { k.Retry.Factor = task.MaxFactor + 1 },
		"retry.cap 999ms: write at least base (1s)":          func(k *task.Kind) { k.Retry.Cap = 999 * time.Millisecond },
		"retry.cap 169h0m0s":                                 func(k *task.Kind) { k.Retry.Cap = 169 * time.Hour },
		"retry.jitter 1.001: write 0 to 1":                   func(k *task.Kind) { k.Retry.Jitter = 1001 },
		"retry.non_retryable.0 \"Not found\": write":         func(k *task.Kind) { k.Retry.NonRetryable = []string{"Not found"} },
		"retry.non_retryable.1 \"gone\": leave it out":       func(k *task.Kind) { k.Retry.NonRetryable = []string{"gone", "gone"} },
		"timeout 1ms: write 10ms":                            func(k *task.Kind) { k.Timeout = time.Millisecond },
		"timeout 25h0m0s":                                    func(k *task.Kind) { k.Timeout = 25 * time.Hour },
		"deadline 1s: write 0 for none, or timeout (30s)":    func(k *task.Kind) { k.Deadline = time.Second },
		"dedupe -1s: write 0s":                               func(k *task.Kind) { k.Dedupe = -time.Second },
		"history 1h0m0s: write persist: always":              func(k *task.Kind) { k.History = time.Hour },
		"history 0s: write 1m":                               func(k *task.Kind) { k.Persist = task.Always },
		"retry.max_attempts 9: write 1, since persist":       func(k *task.Kind) { k.Persist = task.Never },
		"on_exhausted hold: write go_on":                     func(k *task.Kind) { k.Persist, k.OnExhausted = task.Never, task.Hold },
		"batch.max_size, max_bytes and max_age: write mode":  func(k *task.Kind) { k.Gather.MaxSize = 5 },
		"batch.max_size 0: write 1 to 10000":                 func(k *task.Kind) { k.Mode = task.Batch },
		"batch.max_age 2h0m0s: write 1ms":                    func(k *task.Kind) { *k = task.DefaultBatch("x"); k.Gather.MaxAge = 2 * time.Hour },
		"batch.max_bytes 10: write 1024":                     func(k *task.Kind) { *k = task.DefaultBatch("x"); k.Gather.MaxBytes = 10 },
		"rate_limit.runs 0: write 1 to 1000000, or leave":    func(k *task.Kind) { k.Limit.Per = time.Second },
		"rate_limit.per 500ms: write 1s":                     func(k *task.Kind) { k.Limit = task.Limit{Runs: 1, Per: time.Second / 2} },
		"rate_limit.burst -1: write 0":                       func(k *task.Kind) { k.Limit = task.Limit{Runs: 1, Per: time.Second, Burst: -1} },
		"schedules.0.cron: write five fields":                func(k *task.Kind) { k.Schedules = []task.Plan{{Name: "a", Spec: task.Spec{Zone: "UTC"}}} },
		"schedules.0.zone: write an IANA":                    func(k *task.Kind) { k.Schedules = []task.Plan{{Name: "a", Spec: task.Spec{Cron: "* * * * *"}}} },
		"schedules.1.name \"nightly\": write another name":   func(k *task.Kind) { k.Schedules = []task.Plan{plan, plan} },
		"schedules.0.name \"two words\": write lower case":   func(k *task.Kind) { p := plan; p.Name = "two words"; k.Schedules = []task.Plan{p} },
		"schedules: 65, at most 64":                          func(k *task.Kind) { k.Schedules = make([]task.Plan, 65) },
		"retry.base 200h0m0s: write 1ms to 168h0m0s\nretry.": func(k *task.Kind) { k.Retry.Base = 200 * time.Hour }, // all at once
	} {
		k := task.DefaultKind("tell")
		change(&k)
		if err := k.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
	twice := append(task.BuiltIn(), task.DefaultBatch(task.RewardPayout), task.DefaultKind("2"))
	if err := twice.Validate(); err == nil || !strings.Contains(err.Error(), "reward_payout: declare it once") || !strings.Contains(err.Error(), "2: name") {
		t.Error(err)
	}
}

func TestDelaysOfARetryPolicy(t *testing.T) {
	r := task.DefaultRetry()
	r.Jitter = 0
	for n, want := range []float64{1, 2, 4, 8, 16, 32, 60, 60, 60} {
		if got := r.Delay("a", int64(n+1)); got.Seconds() != want {
			t.Errorf("attempt %d: %s", n+1, got)
		}
	}
	for _, c := range []struct {
		retry task.Retry
		n     int64
		want  time.Duration
	}{
		{task.Retry{Base: time.Second, Factor: task.One, Cap: time.Hour}, 100, time.Second},
		{task.Retry{Base: time.Second, Factor: 1500, Cap: time.Hour}, 3, 2250 * time.Millisecond},
		{task.Retry{Base: task.MaxDelay, Factor: task.MaxFactor, Cap: task.MaxDelay}, task.MaxAttempts, task.MaxDelay},
		{task.Retry{Base: time.Millisecond, Factor: task.MaxFactor, Cap: task.MaxDelay}, task.MaxAttempts, task.MaxDelay},
		{task.Retry{Base: time.Millisecond, Factor: 1001, Cap: time.Second}, 1 << 40, time.Millisecond}, // below what one step can add
	} {
		if got := c.retry.Delay("a", min(c.n, task.MaxAttempts)); got != c.want {
			t.Errorf("%+v after %d: %s, want %s", c.retry, c.n, got, c.want)
		}
	}
}

// Jitter is the same for a task and attempt, spreads over its whole range, and stays in it.
func TestJitter(t *testing.T) {
	r := task.DefaultRetry()
	r.Jitter = task.One / 2
	least, most, sum := time.Hour, time.Duration(0), time.Duration(0)
	const n = 10_000
	for i := range n {
		id := strings.Repeat("x", i%7) + string(rune('a'+i%26)) + time.Duration(i).String()
		d := r.Delay(id, 4) // 8 s
		if d != r.Delay(id, 4) {
			t.Fatal("two delays for one attempt")
		}
		least, most, sum = min(least, d), max(most, d), sum+d
	}
	if least < 4*time.Second || most > 12*time.Second || least > 4100*time.Millisecond || most < 11900*time.Millisecond {
		t.Errorf("from %s to %s", least, most)
	}
	if mean := sum / n; mean < 7900*time.Millisecond || mean > 8100*time.Millisecond {
		t.Errorf("mean %s", mean)
	}
}
