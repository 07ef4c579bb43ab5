// Package simulate takes the stored postings of a deployment through a mission that is only a draft (package
// domain/simulation). It reads committed records beside the running deployment and writes nothing.
package simulate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/simulation"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/topology"
)

// Config says where the postings are.
type Config struct {
	Client   engine.ClientConfig
	Topology *topology.Topology
	// Simulation bounds it. From also says where in the log reading begins.
	Simulation simulation.Config
	// Progress hears how many offsets are read, of how many. Defaults to nobody.
	Progress func(read, all int64)
}

// ahead is how far a payment may be made after the time at which its posting is appended: the bound of intake, with
// room.
const ahead = 10 * time.Minute

// Run simulates a mission over the postings that are there when it begins. It returns problem.List for a mission that
// is not valid.
func Run(ctx context.Context, c Config, m mission.Mission) (simulation.Result, error) {
	s, problems := simulation.New(m, c.Simulation)
	if len(problems) > 0 {
		return simulation.Result{}, problems
	}
	if c.Progress == nil {
		c.Progress = func(int64, int64) {}
	}
	admin, err := cluster.Connect(c.Client)
	if err != nil {
		return simulation.Result{}, err
	}
	defer admin.Close()
	spans, all, err := spansOf(ctx, admin, c)
	if err != nil {
		return simulation.Result{}, err
	}
	r := &run{config: c, simulation: s, all: all}
	for _, at := range spans {
		if err := r.partition(ctx, at); err != nil {
			return simulation.Result{}, err
		}
		s.Forget()
	}
	c.Progress(all, all)
	return s.Result(), nil
}

// span is what is read of one partition.
type span struct {
	partition int32
	from, end int64
}

func spansOf(ctx context.Context, admin *cluster.Admin, c Config) (spans []span, all int64, err error) {
	topic := c.Topology.Postings.Name
	from, err := admin.ListStartOffsets(ctx, topic)
	if begin := c.Simulation.From; begin > 0 && err == nil {
		from, err = admin.ListOffsetsAfterMilli(ctx, int64(begin.Add(-ahead)), topic)
	}
	if err == nil {
		err = from.Error()
	}
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", topic, c.Client.Explain(err))
	}
	ends, err := cluster.EndOffsets(ctx, admin, []string{topic})
	if err != nil {
		return nil, 0, err
	}
	from.Each(func(o kadm.ListedOffset) {
		if end := ends[topic][o.Partition]; o.Offset < end {
			spans = append(spans, span{o.Partition, o.Offset, end})
			all += end - o.Offset
		}
	})
	slices.SortFunc(spans, func(a, b span) int { return int(a.partition - b.partition) })
	return spans, all, nil
}

type run struct {
	config     Config
	simulation *simulation.Simulation
	read, all  int64
}

func (r *run) partition(ctx context.Context, at span) error {
	topic := r.config.Topology.Postings
	opts, err := r.config.Client.Options()
	if err != nil {
		return err
	}
	client, err := kgo.NewClient(append(opts, kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{
			topic.Name: {at.partition: kgo.NewOffset().At(at.from)},
		}))...)
	if err != nil {
		return err
	}
	defer client.Close()
	for next := at.from; next < at.end; {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			return err
		}
		for _, e := range fetches.Errors() {
			return fmt.Errorf("reading %s/%d: %w", e.Topic, e.Partition, e.Err)
		}
		for rec := range fetches.RecordsAll() {
			if rec.Offset >= at.end {
				break
			}
			r.read += rec.Offset + 1 - next
			next = rec.Offset + 1
			if watermark.Is(rec.Value) {
				continue
			}
			p, err := topic.Codec.Decode(rec.Value)
			if err != nil {
				return fmt.Errorf("%s/%d offset %d: %w", rec.Topic, rec.Partition, rec.Offset, err)
			}
			if err := r.simulation.Apply(p); err != nil {
				return err
			}
		}
		r.config.Progress(r.read, r.all)
	}
	return nil
}

// ErrBusy says that as many simulations run as may.
var ErrBusy = errors.New("simulate: too many at once")

// Gate bounds how many simulations run at once.
type Gate struct{ places chan struct{} }

// NewGate returns a gate for n.
func NewGate(n int) *Gate { return &Gate{make(chan struct{}, n)} }

// Run is Run if there is a place, else ErrBusy.
func (g *Gate) Run(ctx context.Context, c Config, m mission.Mission) (simulation.Result, error) {
	select {
	case g.places <- struct{}{}:
		defer func() { <-g.places }()
		return Run(ctx, c, m)
	default:
		return simulation.Result{}, ErrBusy
	}
}
