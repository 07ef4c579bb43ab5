package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/topology"
	"github.com/millrace/millrace/worker"
	"github.com/millrace/millrace/worker/topicsink"
	"github.com/millrace/millrace/worker/webhook"
)

// TaskWorker says what `worker` does.
type TaskWorker struct {
	// Drain is how long calls may go on after SIGTERM. Defaults to 20s.
	Drain time.Duration `yaml:"drain"`
	// Handlers are called for kinds, by their names. Defaults to none; reward_payout and reward_clawback have
	// tasks.provider.
	Handlers map[string]TaskHandler `yaml:"handlers"`
}

// TaskHandler is what is done for a run: a call of a URL, a record of a topic, or a line of the log.
type TaskHandler struct {
	// URL gets each run by POST.
	URL string `yaml:"url"`
	// Secret signs the calls, at least 16 bytes. Defaults to none.
	Secret Secret `yaml:"secret"`
	// Timeout of one call. Defaults to 10s.
	Timeout time.Duration `yaml:"timeout"`
	// AllowPrivate permits addresses that are not public. Defaults to false.
	AllowPrivate bool `yaml:"allow_private"`
	// Topic gets each run as a record, in place of a call. Its name is as Kafka has it, without the prefix.
	Topic string `yaml:"topic"`
	// Log writes each run to the log, in place of a call. Defaults to false.
	Log bool `yaml:"log"`
	// Concurrency is how many calls may be under way at once. Defaults to 32, and to 1 for a batch kind.
	Concurrency int32 `yaml:"concurrency"`
}

// Webhook returns whom the handler calls.
func (h TaskHandler) Webhook() webhook.ClientConfig {
	return webhook.ClientConfig{URL: h.URL, Secret: []byte(h.Secret), Timeout: h.Timeout, AllowPrivate: h.AllowPrivate}
}

// TaskProvider pays rewards: cash, custom ones, and gift cards without a pool.
type TaskProvider struct {
	// URL is where it takes calls. Defaults to none: rewards wait.
	URL string `yaml:"url"`
	// Secret signs the calls, at least 16 bytes; it is needed with a URL.
	Secret Secret `yaml:"secret"`
	// Timeout of one call. Defaults to 10s.
	Timeout time.Duration `yaml:"timeout"`
	// AllowPrivate permits addresses that are not public. Defaults to false.
	AllowPrivate bool `yaml:"allow_private"`
	// Concurrency is how many batches may be with it at once. Defaults to 1.
	Concurrency int32 `yaml:"concurrency"`
}

// Webhook returns whom the provider's handler calls.
func (p TaskProvider) Webhook() webhook.ClientConfig {
	return TaskHandler{URL: p.URL, Secret: p.Secret, Timeout: p.Timeout, AllowPrivate: p.AllowPrivate}.Webhook()
}

func defaultTasks() Tasks {
	return Tasks{Worker: TaskWorker{Drain: worker.DefaultDrain},
		Provider: TaskProvider{Timeout: webhook.DefaultTimeout, Concurrency: 1}}
}

// validateWorker returns every problem of tasks.worker and tasks.provider, joined.
func (c Config) validateWorker() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Tasks.Worker.Drain < 0 {
		bad("tasks.worker.drain %s: write 0s or more", c.Tasks.Worker.Drain)
	}
	kinds, _ := c.TaskKinds() // judged by itself
	for _, name := range slices.Sorted(maps.Keys(c.Tasks.Worker.Handlers)) {
		if _, ok := kinds.Find(name); !ok {
			bad("tasks.worker.handlers.%s: declare the kind under tasks.kinds", name)
		}
		if _, own := task.BuiltIn().Find(name); own {
			bad("tasks.worker.handlers.%s: its answer is a provider's, write tasks.provider", name)
			continue
		}
		if err := c.validateHandler(c.Tasks.Worker.Handlers[name]); err != nil {
			bad("tasks.worker.handlers.%s%w", name, err)
		}
	}
	p := c.Tasks.Provider
	if p.URL != "" {
		if err := p.Webhook().Validate(); err != nil {
			bad("tasks.provider: %w", err)
		}
		if p.Secret == "" {
			bad("tasks.provider.secret: it is needed, so that the provider knows who asks")
		}
	}
	if p.Concurrency < 0 {
		bad("tasks.provider.concurrency %d: write 1 or more", p.Concurrency)
	}
	return errors.Join(errs...)
}

// validateHandler returns what is wrong with a handler, with its place below the kind.
func (c Config) validateHandler(h TaskHandler) error {
	var errs []error
	ways := 0
	for _, has := range []bool{h.URL != "", h.Topic != "", h.Log} {
		if has {
			ways++
		}
	}
	switch {
	case ways != 1:
		errs = append(errs, errors.New(": write one of url, topic and log: true"))
	case h.URL != "":
		if err := h.Webhook().Validate(); err != nil {
			errs = append(errs, fmt.Errorf(": %w", err))
		}
	case h.Topic != "":
		errs = append(errs, c.validateSink(h.Topic))
	}
	if h.URL == "" && (h.Secret != "" || h.AllowPrivate) {
		errs = append(errs, errors.New(": secret and allow_private are for a url, leave them out"))
	}
	if h.Concurrency < 0 {
		errs = append(errs, fmt.Errorf(".concurrency %d: write 1 or more", h.Concurrency))
	}
	return errors.Join(errs...)
}

// validateSink refuses topics that Millrace writes or reads itself: a run that comes in again would never end.
func (c Config) validateSink(name string) error {
	if err := topicsink.CheckTopic(name); err != nil {
		return fmt.Errorf(": %w", err)
	}
	for _, own := range topology.New(c.Topology()).Topics() {
		if own.Name == name {
			return fmt.Errorf(": topic %q: it is one of Millrace's own, write another", name)
		}
	}
	return nil
}
