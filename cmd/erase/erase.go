// Package erase makes a deployment forget a user. By records on `erasures` it requests that each group drops or clears
// its own rows, exactly once. Afterwards it checks whether anything of the user is left in the tables.
//
// The order matters. First transactions forget their user, so that later reversals belong to nobody. Then the user's
// rows go, and go once more when everything that was under way to them has arrived.
package erase

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/cluster"
	ledgercodec "github.com/millrace/millrace/codecs/ledger"
	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/erasure"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/topology"
)

// Config says where the user is.
type Config struct {
	Client   engine.ClientConfig
	Topology *topology.Topology
	// Clock is the wall clock. Defaults to time.Now.
	Clock func() time.Time
}

// Report is what was done, and what stays until when.
type Report struct {
	// Transactions that forgot the user.
	Transactions int `json:"transactions"`
	// Rows of the user that went, or would go; transactions are not among them.
	Rows int `json:"rows"`
	// Left are the rows and transactions that still hold the user: of payments that came meanwhile, and of payouts and
	// other runs that are under way. Erase again.
	Left []string `json:"left"`
	// Logs are the topics that may still hold records of the user, with how long they keep them.
	Logs []Log `json:"logs"`
}

// Log is a topic that is not compacted.
type Log struct {
	Topic string `json:"topic"`
	Keeps string `json:"keeps"`
}

// every is the pause between two looks at what groups have done.
const every = 20 * time.Millisecond

// User forgets a user. The groups ledger, progress, budget, rewards and tasks must run.
func User(ctx context.Context, c Config, user string) (Report, error) {
	w, found, err := start(ctx, c, user)
	if err != nil {
		return Report{}, err
	}
	defer w.close()
	var requests []*erasure.Request
	for _, id := range found.transactions {
		requests = append(requests, &erasure.Request{TransactionID: id})
	}
	if err := w.request(ctx, requests, c.Topology.Ledger.Name); err != nil {
		return Report{}, err
	}
	for range 2 {
		err := w.request(ctx, []*erasure.Request{{UserID: user}}, c.Topology.Progress.Name, c.Topology.Budget.Name,
			c.Topology.Rewards.Name)
		if err != nil {
			return Report{}, err
		}
	}
	left, err := w.forgetTasks(ctx, user)
	if err != nil {
		return Report{}, err
	}
	r := Report{Transactions: len(found.transactions), Rows: len(found.rows) - len(left.rows), Left: left.names(),
		Logs: w.logs()}
	return r, nil
}

// forgetTasks lets rows of tasks forget the user, twice, as others do, and returns what is left of the user anywhere.
func (w *worker) forgetTasks(ctx context.Context, user string) (holdings, error) {
	for round := 0; ; round++ {
		left, err := w.rowsOf(ctx, user)
		if err != nil || round == 2 || len(left.tasks) == 0 {
			return left, err
		}
		var requests []*erasure.Request
		for _, key := range left.tasks {
			requests = append(requests, &erasure.Request{UserID: user, TaskRow: key})
		}
		if err := w.request(ctx, requests, w.config.Topology.TaskQueues.Name); err != nil {
			return left, err
		}
	}
}

// Find returns the rows that hold a user, as rows left, and changes nothing.
func Find(ctx context.Context, c Config, user string) (Report, error) {
	w, found, err := start(ctx, c, user)
	if err != nil {
		return Report{}, err
	}
	defer w.close()
	return Report{Transactions: len(found.transactions), Rows: len(found.rows), Left: found.names(),
		Logs: w.logs()}, nil
}

// start opens what an erasure needs, and says which rows hold the user. The worker is to be closed.
func start(ctx context.Context, c Config, user string) (*worker, holdings, error) {
	if user == "" || user == erasure.Nobody {
		return nil, holdings{}, errors.New("a user is needed")
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	w, err := open(c)
	if err != nil {
		return nil, holdings{}, err
	}
	found, err := w.rowsOf(ctx, user)
	if err != nil {
		w.close()
		return nil, holdings{}, err
	}
	return w, found, nil
}

type worker struct {
	config Config
	client *kgo.Client
	admin  *cluster.Admin
}

func open(c Config) (*worker, error) {
	opts, err := c.Client.Options()
	if err != nil {
		return nil, err
	}
	client, err := kgo.NewClient(append(opts, kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.RecordPartitioner(engine.Partitioner()))...)
	if err != nil {
		return nil, err
	}
	return &worker{c, client, cluster.NewAdmin(client)}, nil
}

func (w *worker) close() { w.client.Close() }

// request sends requests and returns when the groups named have handled them and all records before them.
func (w *worker) request(ctx context.Context, requests []*erasure.Request, groups ...string) error {
	t := w.config.Topology
	var records []*kgo.Record
	for _, r := range requests {
		r.At = instant.Of(w.config.Clock())
		value, err := t.Erasures.Codec.Encode(r)
		if err != nil {
			return err
		}
		records = append(records, &kgo.Record{Topic: t.Erasures.Name, Key: []byte(r.Key()), Value: value})
	}
	if err := w.client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return fmt.Errorf("erasures cannot be sent: %w", w.config.Client.Explain(err))
	}
	var stages []cluster.Stage
	for _, s := range cluster.Stages(t) {
		if slices.Contains(groups, s.Group) {
			stages = append(stages, s)
		}
	}
	return cluster.Drain(ctx, w.admin, stages, every)
}

// holdings are the rows that hold a user.
type holdings struct {
	transactions []string
	rows         []string // topic and key
	tasks        []string // those of the rows that are of tasks, by their keys
}

func (h holdings) names() []string {
	out := slices.Clone(h.rows)
	for _, id := range h.transactions {
		out = append(out, "transaction "+id)
	}
	slices.Sort(out)
	return append([]string{}, out...)
}

// rowsOf reads the tables that hold users.
func (w *worker) rowsOf(ctx context.Context, user string) (holdings, error) {
	t := w.config.Topology
	ledgers, tasks := string(t.Ledger.Table()), string(t.TaskQueues.Table())
	r, err := cluster.OpenReader(ctx, w.config.Client,
		[]string{ledgers, string(t.Progress.Table()), string(t.Rewards.Table()), tasks}, cluster.From{})
	if err != nil {
		return holdings{}, err
	}
	defer r.Close()
	transactions, rows, queues := map[string]bool{}, map[string]bool{}, map[string]bool{}
	err = r.Round(ctx, func(rec *kgo.Record) error {
		key := string(rec.Key)
		switch rec.Topic {
		case tasks:
			queues[key] = false
			if len(key) > 0 && key[0] == 0 || rec.Value == nil {
				return nil
			}
			row, err := taskcodec.Row{}.Decode(rec.Value)
			if err != nil {
				return fmt.Errorf("%s/%d offset %d: %w", rec.Topic, rec.Partition, rec.Offset, err)
			}
			queues[key] = row.Holds(key, user)
			return nil
		case ledgers:
		default:
			if owner, _, _ := reward.ParsePageKey(key); owner == user {
				rows[nameOf(rec.Topic, key)] = rec.Value != nil
			}
			return nil
		}
		if len(key) > 0 && key[0] == 0 || rec.Value == nil {
			delete(transactions, key)
			return nil
		}
		row, err := ledgercodec.Row{}.Decode(rec.Value)
		if err != nil {
			return fmt.Errorf("%s/%d offset %d: %w", rec.Topic, rec.Partition, rec.Offset, err)
		}
		transactions[key] = row.Of(user)
		return nil
	})
	var h holdings
	for id, of := range transactions {
		if of {
			h.transactions = append(h.transactions, id)
		}
	}
	for key, of := range queues {
		if of {
			h.tasks = append(h.tasks, key)
			h.rows = append(h.rows, nameOf(tasks, key))
		}
	}
	for name, there := range rows {
		if there {
			h.rows = append(h.rows, name)
		}
	}
	return h, err
}

// nameOf names a row for people.
func nameOf(topic, key string) string { return topic + " " + strings.ReplaceAll(key, "\x1f", "/") }

// logs names what retention alone empties.
func (w *worker) logs() []Log {
	t := w.config.Topology
	personal := []string{
		t.Payments.Name, t.Transactions.Name, t.Postings.Name, t.Outcomes.Name, t.Enrolments.Name, t.UserSegments.Name,
		t.Erasures.Name, t.RewardsIn.Name,
		t.Notifications.Name, t.Claims.Name, t.RewardResults.Name, t.Tasks.Name, t.TaskRuns.Name,
		t.TaskResults.Name, t.TaskCommands.Name, t.DeadLetterRecords.Name,
		t.DeadLetterCommands.Name,
	}
	var out []Log
	for _, s := range t.Topics() {
		if slices.Contains(personal, s.Name) {
			keeps := s.Retention.String()
			if s.Foreign {
				keeps = "as its owner says"
			}
			out = append(out, Log{s.Name, keeps})
		}
	}
	return out
}
