package audit

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	ledgercodec "github.com/millrace/millrace/codecs/ledger"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/engine/position"
	"github.com/millrace/millrace/engine/sum"
	"github.com/millrace/millrace/topology"
)

// walks of one table at most, and the pause between them, until a partition that does not add up is a finding: a copy
// that is taking in a large transaction adds up again.
const (
	walks     = 20
	walkPause = 50 * time.Millisecond
)

// rest is how many times as long as walking took Watch waits before it walks again.
const rest = 50

// errUnsettled says that a partition never stood still.
var errUnsettled = errors.New("audit: rows and sums change too fast to be compared")

// walk is a table to walk over: what rows hold, and what they should.
type walk struct {
	group string
	table Table
	rows  func(value []byte, into map[string]*big.Int) error
	want  func(s sum.Sums, currency string) *big.Int
}

func walksOf(t *topology.Topology, ledgers, users Table) []walk {
	return []walk{
		{t.Ledger.Name, ledgers, func(value []byte, into map[string]*big.Int) error {
			row, err := ledgercodec.Row{}.Decode(value)
			if err == nil && row.Net() != 0 {
				plus(into, row.Currency(), big.NewInt(row.Net()))
			}
			return err
		}, ledgerNet},
		{t.Progress.Name, users, func(value []byte, into map[string]*big.Int) error {
			row, err := missioncodec.UserRow{}.Decode(value)
			if err != nil {
				return err
			}
			for _, r := range row.Received {
				plus(into, r.Currency, r.Net.Big())
			}
			return nil
		}, progressNet},
	}
}

// once returns what does not add up in a partition now.
func (w walk) once(partition int32) ([]difference, error) {
	rows := map[string]*big.Int{}
	sums, err := w.table.Walk(partition, func(key string, value []byte) error {
		if err := w.rows(value, rows); err != nil {
			return fmt.Errorf("%s, partition %d%s: %w", w.group, partition, keyOf([]byte(key)), err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return accountOf(w.group, partition, rows, sums, w.want), nil
}

// Accounts holds the rows of every partition of both tables against the sums that these keep, and returns by currency
// what is amiss. It may take a second where something is.
func Accounts(ctx context.Context, t *topology.Topology, ledgers, users Table) (map[string]*big.Int, error) {
	found, _, err := accounts(ctx, t, ledgers, users)
	return sumsOf(found), err
}

// accounts returns what is amiss, and how long it took to look at all once.
func accounts(ctx context.Context, t *topology.Topology, ledgers, users Table) ([]difference, time.Duration, error) {
	var took time.Duration
	var out []difference
	var errs []error
	for _, w := range walksOf(t, ledgers, users) {
		for partition := range t.Config.Partitions {
			begun := time.Now()
			found, err := w.once(partition)
			took += time.Since(begun)
			if err == nil && len(found) > 0 {
				found, err = w.judge(ctx, partition, found)
			}
			out, errs = append(out, found...), append(errs, err)
		}
	}
	return out, took, errors.Join(errs...)
}

// judge looks again at a partition that did not add up.
func (w walk) judge(ctx context.Context, partition int32, first []difference) ([]difference, error) {
	for range walks {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(walkPause):
		}
		again, err := w.once(partition)
		switch {
		case err != nil || len(again) == 0:
			return nil, err
		case !sameStates(first, again):
			return nil, fmt.Errorf("%w: %s, partition %d", errUnsettled, w.group, partition)
		}
	}
	return first, nil
}

func sameStates(a, b []difference) bool {
	states := map[string]string{}
	for _, d := range a {
		states[d.id()] = d.state
	}
	for _, d := range b {
		if states[d.id()] != d.state {
			return false
		}
	}
	return len(a) == len(b)
}

// same tells whether a copy is of the topic that is read, and not of the one that had its name before.
func (w *watch) same(topic string, table Table) bool {
	for partition := range w.config.Topology.Config.Partitions {
		if table.Known(partition).Topic != w.reader.ID(topic) {
			return false
		}
	}
	return table.Recovered()
}

// seed tells the totals what the tables say of themselves, where they were when reading began.
func (w *watch) seed(ctx context.Context) error {
	t, totals := w.config.Topology, w.books.totals
	for _, from := range []struct {
		topic string
		table Table
	}{{string(t.Ledger.Table()), w.config.Ledgers}, {string(t.Progress.Table()), w.config.Users}} {
		at := map[int32]position.Position{}
		for partition, next := range w.reader.Begun(from.topic) {
			at[partition] = position.Position{from.topic: next}
		}
		bounded, cancel := context.WithTimeoutCause(ctx, w.config.Every+time.Second,
			fmt.Errorf("the copy of %s is behind", from.topic))
		err := from.table.Wait(bounded, at)
		if cancel(); err != nil {
			return err
		}
		if !w.same(from.topic, from.table) {
			return fmt.Errorf("%w: %s is that of before it was made anew", errBehind, from.topic)
		}
		for partition := range at {
			known := from.table.Known(partition)
			totals.put(from.topic, partition, known.Sums)
			if from.topic == string(t.Progress.Table()) {
				w.books.users.handled[partition] = known.Inputs[t.Postings.Name]
			}
		}
	}
	totals.known = true
	return nil
}
