package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"time"

	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/worker/payout"
)

// payer is the worker of compose.yaml, which has rewards paid. Whom it calls is the deployment's own: here it is a
// provider of this program.
const payer = "worker"

// provider answers payouts. It refuses two of three.
type provider struct {
	*httptest.Server
	calls atomic.Int64
}

func newProvider() *provider {
	p := &provider{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		reply := payout.Reply{OK: p.calls.Add(1)%3 == 0}
		if !reply.OK {
			reply.Reason = "refused"
		}
		_ = json.NewEncoder(w).Encode(reply) // the worker has gone
	}))
	return p
}

// employ starts the worker's profile, and sets what compose.yaml takes from the shell.
func (d *deployment) employ() {
	d.provider = newProvider()
	w := d.services[payer]
	w.Profiles = nil
	w.Environment["MILLRACE_TASKS_PROVIDER_URL"] = d.provider.URL
	w.Environment["MILLRACE_TASKS_PROVIDER_SECRET"] = "a secret of the watch"
	w.Environment["MILLRACE_TASKS_PROVIDER_ALLOW_PRIVATE"] = "true"
}

// scrapeByName makes targets of a job of the services that Prometheus finds by their names: there is no DNS here.
func scrapeByName(job map[string]any) {
	statics, _ := job["static_configs"].([]any)
	lookups, _ := job["dns_sd_configs"].([]any)
	for _, l := range lookups {
		lookup, _ := l.(map[string]any)
		names, _ := lookup["names"].([]any)
		targets := make([]any, len(names))
		for i, name := range names {
			targets[i] = fmt.Sprintf("%v:%v", name, lookup["port"])
		}
		statics = append(statics, map[string]any{"targets": targets})
	}
	job["static_configs"] = statics
	delete(job, "dns_sd_configs")
}

// taskFaults are those of tasks and workers, in order. That nobody pays what missions promise is giveaway.
func taskFaults() []fault {
	return []fault{
		{
			name: "payouts come that no worker can read", cause: unpayable, within: 90 * time.Second,
			alerts: []string{`MillraceTasksExhausted{kind="reward_payout"}`},
		},
	}
}

// refusals has the worker back that giveaway has stopped.
func refusals(ctx context.Context, w *watcher) (undo, error) { return nil, w.up(ctx, payer) }

// unpayable submits payouts without a reward.
func unpayable(ctx context.Context, w *watcher) (undo, error) {
	return repeated(ctx, 20*time.Millisecond, func(n int) error {
		key := "watch-" + strconv.Itoa(n)
		value, err := taskcodec.Submission{}.Encode(&task.Submission{Task: task.Task{
			ID: "watch-unpayable-" + strconv.Itoa(n), Kind: task.RewardPayout, Key: key, Payload: []byte(`{}`),
		}})
		if err != nil {
			return err
		}
		return w.produce(ctx, w.client, w.topology.Tasks.Name, key, value)
	}), nil
}
