// Package work makes a worker of the settings: which kinds it serves, and by which handlers.
package work

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/topology"
	"github.com/millrace/millrace/worker"
	"github.com/millrace/millrace/worker/logsink"
	"github.com/millrace/millrace/worker/payout"
	"github.com/millrace/millrace/worker/topicsink"
	"github.com/millrace/millrace/worker/webhook"
)

// errNothing says that the settings name no handler.
var errNothing = errors.New("no kind has a handler: set tasks.worker.handlers or tasks.provider.url")

// New returns a worker of the kinds named, or of all that have a handler. Nobody is dialled.
func New(c config.Config, t *topology.Topology, names []string, r prometheus.Registerer, log *slog.Logger) (
	*worker.Worker, error) {
	kinds, err := kindsOf(c, names, log)
	if err != nil {
		return nil, err
	}
	return worker.New(worker.Config{
		Client: c.Client(), Prefix: t.Config.Prefix, Runs: t.TaskRuns.Name, Results: t.TaskResults.Name, Kinds: kinds,
		Drain: c.Tasks.Worker.Drain, Registerer: r, Log: log,
	})
}

// kindsOf returns the kinds named, or all that have a handler, with their handlers.
func kindsOf(c config.Config, names []string, log *slog.Logger) ([]worker.Kind, error) {
	declared, err := c.TaskKinds()
	if err != nil {
		return nil, err
	}
	var kinds []worker.Kind
	var errs []error
	for _, name := range names {
		if _, ok := declared.Find(name); !ok {
			errs = append(errs, fmt.Errorf("there is no kind %q: declare it under tasks.kinds", name))
		}
	}
	for _, policy := range declared {
		if len(names) > 0 && !slices.Contains(names, policy.Name) {
			continue
		}
		k, ok, err := handled(c, policy, log)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("%s: %w", policy.Name, err))
		case ok:
			kinds = append(kinds, k)
		case len(names) > 0:
			errs = append(errs, fmt.Errorf("%s has no handler: set tasks.worker.handlers.%s%s", policy.Name, policy.Name,
				orProvider(policy.Name)))
		}
	}
	if len(kinds) == 0 && len(errs) == 0 {
		errs = append(errs, errNothing)
	}
	return kinds, errors.Join(errs...)
}

func isPayout(name string) bool { return name == task.RewardPayout || name == task.RewardClawback }

func orProvider(name string) string {
	if isPayout(name) {
		return " or tasks.provider.url"
	}
	return ""
}

// handled returns the kind with its handler, if it has one.
func handled(c config.Config, policy task.Kind, log *slog.Logger) (k worker.Kind, ok bool, err error) {
	k.Policy = policy
	var one worker.Handler
	h, own := c.Tasks.Worker.Handlers[policy.Name]
	switch {
	case own && h.Log:
		one, k.Concurrency = logsink.New(log), int(h.Concurrency)
	case own && h.Topic != "":
		k.Concurrency = int(h.Concurrency)
		sink, err := topicsink.New(topicsink.Config{Client: c.Client(), Topic: h.Topic})
		if err != nil {
			return k, false, err
		}
		if policy.Mode == task.Batch {
			k.Batch = sink
			return k, true, nil
		}
		one = sink
	case own:
		k.Concurrency = int(h.Concurrency)
		if one, err = webhook.New(h.Webhook()); err != nil {
			return k, false, err
		}
	case isPayout(policy.Name) && c.Tasks.Provider.URL != "":
		provider, err := payout.NewHTTP(c.Tasks.Provider.Webhook())
		if err != nil {
			return k, false, err
		}
		pay := payout.New(provider, nil)
		k.Concurrency = int(c.Tasks.Provider.Concurrency)
		if policy.Mode == task.Batch {
			k.Batch = pay
			return k, true, nil
		}
		one = pay
	default:
		return k, false, nil
	}
	if policy.Mode == task.Batch {
		k.Batch = worker.Each(one)
	} else {
		k.Handler = one
	}
	return k, true, nil
}
