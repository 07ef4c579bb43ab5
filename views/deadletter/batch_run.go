package deadletter

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	deadlettercodec "github.com/millrace/millrace/codecs/deadletter"
	"github.com/millrace/millrace/domain/deadletter"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/views/problem"
	"github.com/millrace/millrace/views/serve"
)

const (
	// batchInFlight is how many partitions have a letter of a batch that waits for its verdict at a time.
	batchInFlight = 16
	// batchPause is how long a batch waits when a letter cannot be decided now.
	batchPause = time.Second
	// mostFailures is how many letters that failed are shown.
	mostFailures = 10
	// mostBatches is how many batches that are done a server remembers.
	mostBatches = 64
)

// The states of a batch.
const (
	batchDry         = "dry_run"
	batchRunning     = "running"
	batchDone        = "complete"
	batchInterrupted = "interrupted"
)

// batches are those that this server does or did.
type batches struct {
	life context.Context // ends with the server
	end  context.CancelFunc
	work sync.WaitGroup
	turn chan struct{} // one at a time

	mu   sync.Mutex
	runs map[string]*batchRun
	past []string // those that are done, oldest first
}

// batchRun is how far a batch is.
type batchRun struct {
	command  string // the id of its commands
	action   string
	state    string
	total    int64
	failed   int64
	done     int64 // as far as it was done here
	failures []LetterFailure
}

func newBatches() *batches {
	b := &batches{runs: map[string]*batchRun{}, turn: make(chan struct{}, 1)}
	b.life, b.end = context.WithCancel(context.Background())
	return b
}

// stop ends them: what they have not decided is left.
func (b *batches) stop() {
	b.end()
	b.work.Wait()
}

func (b *batches) of(id string) (batchRun, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	run, ok := b.runs[id]
	if !ok {
		return batchRun{}, false
	}
	out := *run
	out.failures = slices.Clone(run.failures)
	return out, true
}

// start decides the letters in the background, unless the batch is under way already. It returns false if the server is
// about to end.
func (b *batches) start(ctx context.Context, s *Routes, c deadletter.Command, found []chosen,
	body deadlettercodec.LetterBatchBody) bool {
	id := verdict.Identity(c.ID)
	b.mu.Lock()
	defer b.mu.Unlock()
	switch run := b.runs[id]; {
	case b.life.Err() != nil:
		return false
	case run != nil && run.state == batchRunning:
		return true
	}
	run := &batchRun{command: c.ID, action: string(c.Op), state: batchRunning, total: body.Expect,
		failures: []LetterFailure{}}
	b.runs[id] = run
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := context.AfterFunc(b.life, cancel)
	b.work.Go(func() {
		defer cancel()
		defer ended()
		select {
		case b.turn <- struct{}{}:
			defer func() { <-b.turn }()
		case <-ctx.Done():
		}
		b.decide(ctx, s, c, found, run, body)
		b.finish(id, run, ctx.Err() == nil)
	})
	return true
}

func (b *batches) finish(id string, run *batchRun, done bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if run.state = batchInterrupted; done {
		run.state = batchDone
	}
	b.past = append(slices.DeleteFunc(b.past, func(past string) bool { return past == id }), id)
	if len(b.past) > mostBatches {
		if first := b.runs[b.past[0]]; first.state != batchRunning {
			delete(b.runs, b.past[0])
		}
		b.past = b.past[1:]
	}
}

// decide goes through the letters, some at a time, until ctx ends. Those of one partition go one after the other, so
// that their records are sent again in the order that they had.
func (b *batches) decide(ctx context.Context, s *Routes, c deadletter.Command, found []chosen, run *batchRun,
	body deadlettercodec.LetterBatchBody) {
	var lanes [][]string
	of := map[source]int{}
	for _, l := range found {
		partition := l.source
		partition.offset = 0
		lane, ok := of[partition]
		if !ok {
			lane = len(lanes)
			of[partition], lanes = lane, append(lanes, nil)
		}
		lanes[lane] = append(lanes[lane], l.id)
	}
	var deciders sync.WaitGroup
	slots := make(chan struct{}, batchInFlight)
	for _, lane := range lanes {
		deciders.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			for _, id := range lane {
				if ctx.Err() != nil {
					return
				}
				why := s.decideOne(ctx, c, id, body)
				switch {
				case why != "":
					b.fail(run, LetterFailure{id, why})
				case ctx.Err() == nil:
					b.mu.Lock()
					run.done++
					b.mu.Unlock()
				}
			}
		})
	}
	deciders.Wait()
}

func (b *batches) fail(run *batchRun, f LetterFailure) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if run.failed++; len(run.failures) < mostFailures {
		run.failures = append(run.failures, f)
	}
}

// decideOne has one letter decided and returns why it cannot be. While brokers or tables are away it tries again: the
// command is the same, so the letter is decided once.
func (s *Routes) decideOne(ctx context.Context, c deadletter.Command, id string,
	body deadlettercodec.LetterBatchBody) (why string) {
	for {
		one := c
		out, err := s.decideBy(ctx, id, &one, body)
		var p *problem.Problem
		switch {
		case ctx.Err() != nil:
			return ""
		case err == nil && out.Status != http.StatusAccepted:
			return ""
		case errors.As(err, &p) && p.Status < http.StatusInternalServerError:
			return p.Detail
		}
		select {
		case <-ctx.Done():
			return ""
		case <-time.After(batchPause):
		}
	}
}

// decideBy has one letter decided by the command of its batch, unless it was filed anew since it was counted.
func (s *Routes) decideBy(ctx context.Context, id string, c *deadletter.Command,
	body deadlettercodec.LetterBatchBody) (*serve.UserWrittenOutput, error) {
	row, found, err := serve.RowOf(s.Kit, s.Sources.Letters, s.Config.Topology.DeadLetters, id)
	switch {
	case err != nil:
		return nil, err
	case found && row.At > body.UpTo:
		return nil, serve.Unfit("it was filed anew since it was counted")
	}
	c.LetterID = id
	switch c.Op {
	case deadletter.Replay:
		return s.order(ctx, c, s.fillReplay)
	case deadletter.Discard:
		return s.order(ctx, c, s.fillDiscard)
	case deadletter.Purge: // it needs nothing of the record
	}
	return s.order(ctx, c, nil)
}
