package campaign

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/cluster"
	rewardcodec "github.com/millrace/millrace/codecs/reward"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/engine/store"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
)

// ClaimantsConfig says where users claim.
type ClaimantsConfig struct {
	Brokers  []string
	Topology *topology.Topology
	// Claim sends a user's claim by HTTP, and returns once it is known what came of it; key is the Idempotency-Key. It
	// is called from several goroutines. Defaults to a record on `claims` like the others'.
	Claim func(ctx context.Context, user, reward, key string) error
}

// Claimants are users who claim what they have won, and support. They read `notifications` from the beginning, and ask
// for what each change of a reward makes them ask for, once, also when they are started anew. Nobody asks for more at
// once than a row of rewards has verdicts for: as users do, they wait for what became of the last.
type Claimants struct {
	config ClaimantsConfig
	client *kgo.Client
	admin  *cluster.Admin
	done   chan struct{}
	stop   context.CancelFunc
	free   chan struct{} // to send one more by HTTP

	mu      sync.Mutex
	sent    map[string]bool
	users   map[string]*asker
	next    map[int32]int64 // of notifications
	asking  int             // claims under way by HTTP
	waiting int             // commands that are not sent, or have no verdict yet
	changed chan struct{}   // closed, and made anew, when one of them has changed
	errs    []error
}

// asker is a user's commands: those without a verdict, and those that wait for them.
type asker struct {
	open  map[string]bool
	queue []wish
}

// Both together are as many as a row of rewards remembers.
const (
	atOnce    = verdict.Max / 2      // claims under way by HTTP
	userLimit = verdict.Max - atOnce // commands of a user by record
)

// StartClaimants starts claimants, which work until Stop.
func StartClaimants(ctx context.Context, c ClaimantsConfig) (*Claimants, error) {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(c.Brokers...), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeTopics(c.Topology.Claims.Name, c.Topology.Notifications.Name, string(c.Topology.Rewards.Table())),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(50*time.Millisecond),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
	)
	if err != nil {
		return nil, fmt.Errorf("claimants: %w", err)
	}
	s := &Claimants{
		config: c, client: client, admin: cluster.NewAdmin(client), done: make(chan struct{}),
		free: make(chan struct{}, atOnce),
		sent: map[string]bool{}, users: map[string]*asker{}, next: map[int32]int64{}, changed: make(chan struct{}),
	}
	early, err := s.remember(ctx)
	if err != nil {
		client.Close()
		return nil, fmt.Errorf("claimants: %w", err)
	}
	work, stop := context.WithCancel(context.Background())
	s.stop = stop
	go func() {
		defer close(s.done)
		s.readAll(work, early)
		s.work(work)
	}()
	return s, nil
}

// remember reads what was asked for before, and returns what else it reads meanwhile.
func (s *Claimants) remember(ctx context.Context) (early []*kgo.Record, err error) {
	name := s.config.Topology.Claims.Name
	ends, err := cluster.EndOffsets(ctx, s.admin, []string{name})
	for read := map[int32]int64{}; err == nil && !reached(read, ends[name]); err = ctx.Err() {
		for r := range s.client.PollFetches(ctx).RecordsAll() {
			if r.Topic != name {
				early = append(early, r)
				continue
			}
			read[r.Partition] = r.Offset + 1
			if c, err := (rewardcodec.Command{}).Decode(r.Value); err == nil {
				s.sent[c.ID] = true
			}
		}
	}
	return early, err
}

func reached(read, ends map[int32]int64) bool {
	for p, end := range ends {
		if read[p] < end {
			return false
		}
	}
	return true
}

// Stop ends the claimants and returns what went wrong.
func (s *Claimants) Stop() error {
	s.stop()
	<-s.done
	for range atOnce { // whoever is asking gives up
		s.free <- struct{}{}
	}
	s.client.Close()
	return errors.Join(s.errs...)
}

// patience is how long somebody waits who has been told nothing at all. Then they think that a verdict is lost, and ask
// for the rest.
const patience = 20 * time.Second

// Reach returns once everything is asked for that the notifications below ends make them ask for, and has its verdict,
// or will not get one.
func (s *Claimants) Reach(ctx context.Context, ends cluster.Ends) error {
	for {
		s.mu.Lock()
		read := s.asking == 0 && reached(s.next, ends[s.config.Topology.Notifications.Name])
		waiting, changed := s.waiting, s.changed
		s.mu.Unlock()
		if read && waiting == 0 {
			return s.client.Flush(ctx)
		}
		select {
		case <-changed:
		case <-time.After(patience):
			if read {
				s.note(s.hurry)
				return s.client.Flush(ctx)
			}
		case <-ctx.Done():
			return fmt.Errorf("claimants do not get to the end of the notifications: %w", context.Cause(ctx))
		}
	}
}

// note changes what Reach waits for.
func (s *Claimants) note(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	close(s.changed)
	s.changed = make(chan struct{})
}

// hurry sends all that waits, whether or not there are verdicts.
func (s *Claimants) hurry() {
	for _, a := range s.users {
		s.waiting -= len(a.open) + len(a.queue)
		for _, w := range a.queue {
			s.produce(w)
		}
		a.open, a.queue = map[string]bool{}, nil
	}
}

func (s *Claimants) work(ctx context.Context) {
	for {
		fetches := s.client.PollFetches(ctx)
		if ctx.Err() != nil {
			return
		}
		s.readAll(ctx, fetches.Records())
	}
}

func (s *Claimants) readAll(ctx context.Context, records []*kgo.Record) {
	s.note(func() {
		for _, r := range records {
			if err := s.read(ctx, r); err != nil {
				s.errs = append(s.errs, fmt.Errorf("claimants: %w", err))
			}
		}
	})
}

// read reads a notification, which may make its user request something, or a row, which has the verdicts on requests.
func (s *Claimants) read(ctx context.Context, r *kgo.Record) error {
	switch r.Topic {
	case s.config.Topology.Notifications.Name:
		n, err := rewardcodec.Notice{}.Decode(r.Value)
		if err != nil {
			return err
		}
		for _, w := range wishes(n) {
			s.request(ctx, w)
		}
		s.next[r.Partition] = r.Offset + 1
	case string(s.config.Topology.Rewards.Table()):
		a := s.users[string(r.Key)]
		if a == nil || r.Value == nil || strings.HasPrefix(string(r.Key), store.Reserved) {
			return nil
		}
		row, err := rewardcodec.Row{}.Decode(r.Value)
		if err != nil {
			return err
		}
		for _, v := range row.Verdicts {
			if a.open[v.CommandID] {
				delete(a.open, v.CommandID)
				s.waiting--
			}
		}
		s.sendNext(a)
	}
	return nil
}

// request sends a wish, unless it was sent before.
func (s *Claimants) request(ctx context.Context, w wish) {
	c := w.command
	if s.sent[c.ID] {
		return
	}
	s.sent[c.ID] = true
	if w.byHTTP && s.config.Claim != nil {
		s.asking++
		go func() {
			s.free <- struct{}{}
			err := s.config.Claim(ctx, c.UserID, c.RewardID, c.ID)
			<-s.free
			s.note(func() {
				if s.asking--; err != nil && ctx.Err() == nil {
					s.errs = append(s.errs, fmt.Errorf("claimants: %w", err))
				}
			})
		}()
		return
	}
	a := s.users[c.UserID]
	if a == nil {
		a = &asker{open: map[string]bool{}}
		s.users[c.UserID] = a
	}
	a.queue = append(a.queue, w)
	s.waiting++
	s.sendNext(a)
}

// sendNext sends the requests that a user may make now.
func (s *Claimants) sendNext(a *asker) {
	for len(a.queue) > 0 && len(a.open) < userLimit {
		w := a.queue[0]
		a.queue = a.queue[1:]
		a.open[w.command.ID] = true
		s.produce(w)
	}
}

// produce sends a command by record. The client repeats it until it is acknowledged.
func (s *Claimants) produce(w wish) {
	t, c := s.config.Topology, w.command
	value, err := t.Claims.Codec.Encode(c)
	if err != nil {
		s.errs = append(s.errs, fmt.Errorf("claimants: %w", err))
		return
	}
	for range w.times {
		s.client.Produce(context.Background(), &kgo.Record{
			Topic: t.Claims.Name, Partition: stream.Partition([]byte(c.UserID), t.Config.Partitions),
			Key: []byte(c.UserID), Value: value,
		}, nil)
	}
}
