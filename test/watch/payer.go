package main

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"time"

	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/worker/payout"
)

// payer is a worker that has rewards paid. compose.yaml has none, since whom it would call is the deployment's own:
// here it is a provider of this program. All else is that of the service tasks.
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

// employ adds the worker to the services.
func (d *deployment) employ() {
	d.provider = newProvider()
	w := *d.services["tasks"]
	w.Command, w.Volumes, w.Environment = []string{"worker", task.RewardPayout}, nil, maps.Clone(w.Environment)
	w.Environment["MILLRACE_TASKS_PROVIDER_URL"] = d.provider.URL
	w.Environment["MILLRACE_TASKS_PROVIDER_SECRET"] = "a secret of the watch"
	w.Environment["MILLRACE_TASKS_PROVIDER_ALLOW_PRIVATE"] = "true"
	d.services[payer] = &w
}

// scrapePayer adds the worker to the targets of a job, as who runs one does.
func scrapePayer(job map[string]any) {
	statics, _ := job["static_configs"].([]any)
	for _, s := range statics {
		static, _ := s.(map[string]any)
		targets, _ := static["targets"].([]any)
		static["targets"] = append(targets, payer+":9464")
	}
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
	sending, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		ticker := time.NewTicker(20 * time.Millisecond)
		defer ticker.Stop()
		for n := 0; ; n++ {
			key := "watch-" + strconv.Itoa(n)
			value, err := taskcodec.Submission{}.Encode(&task.Submission{Task: task.Task{
				ID: "watch-unpayable-" + strconv.Itoa(n), Kind: task.RewardPayout, Key: key, Payload: []byte(`{}`),
			}})
			if err == nil {
				err = w.produce(ctx, w.client, w.topology.Tasks.Name, key, value)
			}
			if err != nil {
				done <- err
				return
			}
			select {
			case <-sending.Done():
				done <- nil
				return
			case <-ticker.C:
			}
		}
	}()
	return func(context.Context) error { stop(); return <-done }, nil
}
