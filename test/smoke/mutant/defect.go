package mutant

import "slices"

// Strain is no defect but bad luck: transactions are aborted, and produced records refused, for no reason. A sound
// engine takes it without damage; most defects need it to show.
func Strain() Mutant {
	return Mutant{Name: "strain", Why: "nothing: the engine must take it", Edits: []Edit{
		{File: "engine/strain.go", New: `package engine

import (
	"errors"
	"math/rand/v2"
)

// badLuck strikes once in n times.
func badLuck(n int) bool { return rand.IntN(n) == 0 }

func refusedForNoReason() error { return errors.New("refused for no reason") }
`},
		{
			File: "engine/commit.go",
			Old: `	committed, err := s.end(kgo.TryCommit)
`,
			New: `	how := kgo.TryCommit
	if badLuck(8) {
		how = kgo.TryAbort
	}
	committed, err := s.end(how)
`,
		},
		{
			File: "engine/producer.go",
			Old:  `func (m *member) produce(r *kgo.Record) { m.client.Produce(context.Background(), r, m.produced) }`,
			New: `func (m *member) produce(r *kgo.Record) {
	if badLuck(2000) {
		m.produced(r, refusedForNoReason())
		return
	}
	m.client.Produce(context.Background(), r, m.produced)
}`,
		},
	}}
}

// Defects are the mutants that a crash run under Strain must catch.
func Defects() []Mutant { return slices.Concat(ofEngine(), ofDecisions(), ofTasks()) }

func ofEngine() []Mutant {
	return []Mutant{
		{
			Name: "overlay-kept-on-abort", Why: "the events of an aborted transaction come again and are duplicates of themselves",
			Edits: []Edit{{
				File: "engine/commit.go",
				Old: `	for _, t := range s.engine.ownTables() {
		t.abort()
	}
`,
			}},
		},
		{
			Name: "read-uncommitted", Why: "what was aborted is handled, and handled again when it comes anew",
			Edits: []Edit{{
				File: "engine/client.go",
				Old:  `kgo.FetchIsolationLevel(kgo.ReadCommitted())`,
				New:  `kgo.FetchIsolationLevel(kgo.ReadUncommitted())`,
			}},
		},
		{
			Name: "produce-error-ignored", Why: "a record that the brokers refused is lost",
			Edits: []Edit{{
				File: "engine/commit.go",
				Old: `	produceErr := m.consumeProduceError()
`,
				New: `	_ = m.consumeProduceError()
	var produceErr error
`,
			}},
		},
		{
			Name: "watermark-before-timers", Why: "health closes windows before the payments that time out in them are counted",
			Edits: []Edit{
				{File: "engine/watermark/early.go", New: `package watermark

// Early is Forward, whatever is still open or due.
func (p *Partition) Early() Record {
	p.spoke, p.sent = true, p.says()
	return p.sent
}
`},
				{
					File: "engine/pump.go",
					Old: `			p.adoptWatermark(s.engine.config.Clock())
`,
					New: `			p.adoptWatermark(s.engine.config.Clock())
			if len(s.engine.graph.carriers) > 0 {
				s.tell(p.time.Early())
			}
`,
				},
			},
		},
	}
}

func ofTasks() []Mutant {
	return []Mutant{
		{
			Name: "key-per-run", Why: "each run of a task has a key of its own, so a receiver takes it for another task",
			Edits: []Edit{{
				File: "domain/task/entry.go",
				Old:  `func (e *Entry) IdempotencyKey() string { return e.Task.ID }`,
				New:  `func (e *Entry) IdempotencyKey() string { return e.Task.ID + "-" + string(rune('a'+e.Run)) }`,
			}},
		},
		{
			Name: "answered-early", Why: "a run counts as done before its handler is called, and is lost with its worker",
			Edits: []Edit{{
				File: "worker/micro.go",
				Old: `	ctx, cancel := l.limit()
	defer cancel()
	done := make(chan Result, 1)
`,
				New: `	l.conclude(c.run, OK(nil))
	ctx, cancel := l.limit()
	defer cancel()
	done := make(chan Result, 1)
`,
			}},
		},
		{
			Name: "dead-worker-waited-for", Why: "a run that its worker has claimed waits for it for ever",
			Edits: []Edit{{
				File: "domain/task/answer.go",
				Old: `		next.Claimed, next.Until = true, t.limit(h, t.kind(h).patience())
`,
				New: `		next.Claimed, next.Until = true, t.limit(h, Unclaimed)
`,
			}},
		},
	}
}

func ofDecisions() []Mutant {
	return []Mutant{
		{
			Name: "no-dedupe", Why: "an event that its producer sent twice counts twice",
			Edits: []Edit{{
				File: "domain/ledger/apply.go",
				Old: `	fingerprint, known := t.row.seen(e.ID)
`,
				New: `	fingerprint, known := t.row.seen(e.ID)
	known = false
`,
			}},
		},
		{
			Name: "forgotten-lost", Why: "what a payment contributed goes when the row forgets the payment",
			Edits: []Edit{{
				File: "domain/mission/draft.go",
				Old: `			t.add(x, false) // before it is taken from the other part: an entry stays where it is
`,
			}},
		},
		{
			Name: "grant-doubled", Why: "a reward that is lost and won again is given twice, since nothing was taken back",
			Edits: []Edit{{
				File: "domain/reward/life.go",
				Old: `		t.clawBack(r, reason)
`,
				New: `		t.move(r, ClawedBack, reason)
`,
			}},
		},
		{
			Name: "budget-overdrawn", Why: "what was promised and not yet given does not count, and is promised again",
			Edits: []Edit{{
				File: "domain/budget/row.go",
				Old: `	return m.Limits.Budget - a.Spent - a.Reserved, true
`,
				New: `	return m.Limits.Budget - a.Spent, true
`,
			}},
		},
		{
			Name: "expiry-kept", Why: "what nobody claimed in time is never free again",
			Edits: []Edit{{
				File: "domain/reward/apply.go",
				Old: `			t.move(r, Expired, reasonExpired)
			t.emitReturn(r, budget.Returned, r.Amount, r.Code)
`,
				New: `			t.move(r, Expired, reasonExpired)
`,
			}},
		},
		{
			Name: "command-repeated", Why: "a command that comes again is judged again, and has another verdict",
			Edits: []Edit{{
				File: "domain/reward/judge.go",
				Old: `	if _, ok := row.Verdict(c.ID); ok {
`,
				New: `	if _, ok := row.Verdict(c.ID); ok && c.ID == "" {
`,
			}},
		},
	}
}
