package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/millrace/millrace/codecs/cron"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/worker/topicsink"
)

// Tasks says how tasks are run. The group tasks and the workers judge by it: all need the same settings.
type Tasks struct {
	// Kinds are the kinds of tasks that the deployment makes, and its own policies for reward_payout and
	// reward_clawback. Defaults to none.
	Kinds []TaskKind `yaml:"kinds"`
	// Worker says what the workers do.
	Worker TaskWorker `yaml:"worker"`
	// Provider pays rewards.
	Provider TaskProvider `yaml:"provider"`
}

// TaskKind is the policy for all tasks of one name. What a file leaves out has the default of its mode; in a kind of
// Millrace's own it stays as that has it.
type TaskKind struct {
	// Name has lower case letters, digits and _, a letter first, at most 64.
	Name string `yaml:"name"`
	// Mode is micro, one task a call of its handler, or batch, many. Defaults to micro.
	Mode string `yaml:"mode"`
	// Retry says how a failed task is tried again.
	Retry TaskRetry `yaml:"retry"`
	// Persist is always, until_done or never. Defaults to until_done.
	Persist string `yaml:"persist"`
	// History is how long an ended task is kept with persist: always. Defaults to 168h there.
	History time.Duration `yaml:"history"`
	// Dedupe is how long a dedupe key is remembered. Defaults to 24h.
	Dedupe time.Duration `yaml:"dedupe"`
	// Timeout is how long one attempt may take without a heartbeat. Defaults to 30s.
	Timeout time.Duration `yaml:"timeout"`
	// Deadline is how long a task may take over all attempts; 0s: without bound. Defaults to 0s.
	Deadline time.Duration `yaml:"deadline"`
	// OnExhausted is go_on or hold: whether a dead letter lets the tasks behind it run. Defaults to go_on.
	OnExhausted string `yaml:"on_exhausted"`
	// RateLimit bounds how many runs start. Defaults to none.
	RateLimit TaskLimit `yaml:"rate_limit"`
	// Batch bounds one call of the handler of a batch kind.
	Batch TaskBatch `yaml:"batch"`
	// Schedules make tasks of the kind by themselves. Defaults to none.
	Schedules []TaskSchedule `yaml:"schedules"`
}

// TaskRetry is a retry policy. Attempt n+1 follows attempt n after min(cap, base*factor^(n-1)), moved by jitter.
type TaskRetry struct {
	// MaxAttempts is how often a task may fail, 1 to 100. Defaults to 9.
	MaxAttempts int64 `yaml:"max_attempts"`
	// Base is the delay before the second attempt. Defaults to 1s.
	Base time.Duration `yaml:"base"`
	// Factor multiplies the delay after each failure, 1 to 100. Defaults to 2.
	Factor Thousandths `yaml:"factor"`
	// Cap is the longest delay. Defaults to 1m.
	Cap time.Duration `yaml:"cap"`
	// Jitter is the part by which a delay may differ, 0 to 1. Defaults to 0.1.
	Jitter Thousandths `yaml:"jitter"`
	// NonRetryable are error codes after which no attempt follows. Defaults to none.
	NonRetryable []string `yaml:"non_retryable"`
}

// TaskLimit bounds how many runs start, over all partitions.
type TaskLimit struct {
	// Runs may start in each per; 0: without bound. Defaults to 0.
	Runs int64 `yaml:"runs"`
	// Per is the period. Defaults to 1s.
	Per time.Duration `yaml:"per"`
	// Burst runs may start on top, where so many went unused before. Defaults to 0.
	Burst int64 `yaml:"burst"`
}

// TaskBatch bounds one call of a handler.
type TaskBatch struct {
	// MaxSize is the most tasks. Defaults to 100.
	MaxSize int64 `yaml:"max_size"`
	// MaxBytes is the most payload. Defaults to 1048576.
	MaxBytes int64 `yaml:"max_bytes"`
	// MaxAge is how long the first task waits for others. Defaults to 1s.
	MaxAge time.Duration `yaml:"max_age"`
}

// TaskSchedule makes a task at the times of a cron expression.
type TaskSchedule struct {
	// Name tells the schedules of a kind apart.
	Name string `yaml:"name"`
	// Cron has five fields, such as 30 2 * * *.
	Cron string `yaml:"cron"`
	// Zone is an IANA time zone. Defaults to UTC.
	Zone string `yaml:"zone"`
	// Payload is what each of its tasks carries. Defaults to nothing.
	Payload map[string]any `yaml:"payload"`
}

// UnmarshalYAML implements yaml.InterfaceUnmarshaler: a file that leaves something out means the default.
func (k *TaskKind) UnmarshalYAML(decode func(any) error) error {
	var written map[string]any
	if err := decode(&written); err != nil {
		return err
	}
	name, _ := written["name"].(string)
	base, own := task.BuiltIn().Find(name)
	if mode, _ := written["mode"].(string); !own || mode != "" && mode != string(base.Mode) {
		base = task.DefaultKind(name)
		if mode == string(task.Batch) {
			base = task.DefaultBatch(name)
		}
	}
	if persist, _ := written["persist"].(string); persist != "" && persist != string(base.Persist) {
		base.History = 0
		if persist == string(task.Always) {
			base.History = task.DefaultHistory
		}
	}
	if limit, _ := written["rate_limit"].(map[string]any); limit != nil {
		base.Limit.Per = time.Second
	}
	type plain TaskKind // without this method
	p := plain(taskKindOf(base))
	if err := decode(&p); err != nil {
		return err
	}
	*k = TaskKind(p)
	return nil
}

// UnmarshalYAML implements yaml.InterfaceUnmarshaler.
func (s *TaskSchedule) UnmarshalYAML(decode func(any) error) error {
	type plain TaskSchedule
	p := plain{Zone: "UTC"}
	if err := decode(&p); err != nil {
		return err
	}
	*s = TaskSchedule(p)
	return nil
}

func taskKindOf(k task.Kind) TaskKind {
	r := k.Retry
	return TaskKind{
		Name: k.Name, Mode: string(k.Mode), Persist: string(k.Persist), History: k.History, Dedupe: k.Dedupe,
		Timeout: k.Timeout, Deadline: k.Deadline, OnExhausted: string(k.OnExhausted),
		Retry: TaskRetry{
			MaxAttempts: r.MaxAttempts, Base: r.Base, Factor: Thousandths(r.Factor), Cap: r.Cap,
			Jitter: Thousandths(r.Jitter), NonRetryable: r.NonRetryable,
		},
		RateLimit: TaskLimit(k.Limit), Batch: TaskBatch(k.Gather),
	}
}

// kind returns k as the group and the workers have it.
func (k TaskKind) kind() (task.Kind, error) {
	r := k.Retry
	out := task.Kind{
		Name: k.Name, Mode: task.Mode(k.Mode), Persist: task.Persist(k.Persist), History: k.History, Dedupe: k.Dedupe,
		Timeout: k.Timeout, Deadline: k.Deadline, OnExhausted: task.Exhaustion(k.OnExhausted),
		Retry: task.Retry{
			MaxAttempts: r.MaxAttempts, Base: r.Base, Factor: int64(r.Factor), Cap: r.Cap, Jitter: int64(r.Jitter),
			NonRetryable: r.NonRetryable,
		},
		Limit: task.Limit(k.RateLimit), Gather: task.Gather(k.Batch),
	}
	if out.Limit.Runs == 0 && out.Limit.Burst == 0 {
		out.Limit = task.Limit{}
	}
	var errs []error
	for i, s := range k.Schedules {
		plan := task.Plan{Name: s.Name, Spec: task.Spec{Cron: s.Cron, Zone: s.Zone}}
		if len(s.Payload) > 0 {
			payload, err := json.Marshal(s.Payload)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: schedules.%d.payload: write what JSON has, too: %w", k.Name, i, err))
			}
			plan.Payload = payload
		}
		if _, err := cron.Parse(plan.Spec); s.Cron != "" && err != nil {
			errs = append(errs, fmt.Errorf("%s: schedules.%d.%w", k.Name, i, err))
		}
		out.Schedules = append(out.Schedules, plan)
	}
	return out, errors.Join(errs...)
}

// TaskKinds returns all kinds of the deployment, Millrace's own included, and every problem with them, joined.
func (c Config) TaskKinds() (task.Kinds, error) {
	var errs []error
	declared := make([]task.Kind, len(c.Tasks.Kinds))
	for i, k := range c.Tasks.Kinds {
		kind, err := k.kind()
		if c.Tasks.Worker.Handlers[k.Name].Topic != "" {
			kind.Retry = kind.Retry.Without(topicsink.NonRetryable()...)
		}
		declared[i], errs = kind, append(errs, err)
	}
	kinds := task.BuiltIn().With(declared...)
	errs = append(errs, kinds.Validate())
	for i, t := range c.Triggers {
		kind, ok := kinds.Find(t.Kind)
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("triggers.%d.kind %q: declare it under tasks.kinds", i, t.Kind))
		case t.Dedupe != "" && kind.Dedupe == 0:
			errs = append(errs, fmt.Errorf("triggers.%d.dedupe %q: the kind %q has dedupe 0s, write there how long it holds",
				i, t.Dedupe, t.Kind))
		}
	}
	return kinds, errors.Join(errs...)
}

// Thousandths is a decimal number with up to three decimals, in thousandths.
type Thousandths int64

// UnmarshalYAML implements yaml.InterfaceUnmarshaler.
func (t *Thousandths) UnmarshalYAML(decode func(any) error) error {
	var text string
	if err := decode(&text); err != nil {
		return err
	}
	n, err := ParseDecimal(text)
	whole := math.Round(n * task.One)
	if err != nil || math.Abs(n*task.One-whole) > 1e-6 || math.Abs(whole) > 1e9 {
		return fmt.Errorf("%q: write a number with at most three decimals, such as 1.5", text)
	}
	*t = Thousandths(whole)
	return nil
}

// MarshalYAML implements yaml.InterfaceMarshaler.
func (t Thousandths) MarshalYAML() (any, error) { return float64(t) / task.One, nil }
