package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/bench/workload"
)

// rate is the input of the latency runs, in events a second.
const rate = 5000

// commitIntervals are those that the engine's latency is measured with; the first is its default.
func commitIntervals() []time.Duration {
	return []time.Duration{100 * time.Millisecond, 20 * time.Millisecond}
}

// latencies prints how long a record takes through the ledger stage: from before it is produced until its posting was
// read, read_committed.
func (d *driver) latencies(ctx context.Context) error {
	at, err := d.latency(ctx, d.job(stock, workload.Ledger, "json", "latency-"+stock))
	if err != nil {
		return fmt.Errorf("latency of %s: %w", stock, err)
	}
	fmt.Printf("latency of one stage at %d events/s, p50/p99: stock=%s", rate, at)
	for i, every := range commitIntervals() {
		j := d.job(disk, workload.Ledger, "json", "latency-"+disk+strconv.Itoa(i))
		j.Interval = every
		if at, err = d.latency(ctx, j); err != nil {
			return fmt.Errorf("latency of %s: %w", disk, err)
		}
		fmt.Printf(" engine(commit interval %s)=%s", every, at)
	}
	fmt.Println()
	return nil
}

// quantiles of a distribution of times.
type quantiles struct{ p50, p99 time.Duration }

func quantilesOf(times []time.Duration) quantiles {
	slices.Sort(times)
	at := func(q float64) time.Duration { return times[int(q*float64(len(times)-1))] }
	return quantiles{at(0.50), at(0.99)}
}

func (q quantiles) String() string {
	return fmt.Sprintf("%d/%dms", q.p50.Round(time.Millisecond).Milliseconds(), q.p99.Round(time.Millisecond).Milliseconds())
}

// latency runs a worker under a steady load.
func (d *driver) latency(ctx context.Context, j job) (quantiles, error) {
	j.All, j.Warm, j.Profile = 0, 0, ""
	topics := []string{string(j.Names.Input), string(j.Names.Output), string(j.Names.Group) + "-table"}
	if err := d.cluster.create(ctx, topics...); err != nil {
		return quantiles{}, err
	}
	working, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		_, err := d.work(working, j)
		ended <- err
	}()
	times, err := d.measure(ctx, j, ended)
	stop()
	if workErr := <-ended; err == nil {
		err = workErr
	}
	if err != nil {
		return quantiles{}, err
	}
	return quantilesOf(times), errors.Join(d.cluster.remove(ctx, topics...), os.RemoveAll(j.Dir))
}

// measure sends events and reads their postings. Those of the warm-up do not count: the worker starts meanwhile.
func (d *driver) measure(ctx context.Context, j job, ended chan error) ([]time.Duration, error) {
	codecs, err := workload.Named(j.Codec)
	if err != nil {
		return nil, err
	}
	reader, err := kgo.NewClient(append(d.cluster.client.Opts(), kgo.ConsumeTopics(string(j.Names.Output)),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(100*time.Millisecond))...)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	sent := make(chan error, 1)
	go func() { sent <- d.send(ctx, string(j.Names.Input), codecs) }()
	go func() {
		err := <-ended
		cancel(fmt.Errorf("the worker ended: %w", err))
		ended <- err
	}()
	var times []time.Duration
	for len(times) < int(rate*d.options.measured.Seconds()) {
		fetches := reader.PollFetches(ctx)
		now := time.Now().UnixNano()
		if fetches.Err() != nil {
			return nil, errors.Join(context.Cause(ctx), fetches.Err())
		}
		for r := range fetches.RecordsAll() {
			v, err := codecs.For(&workload.Posting{}).Decode(r.Value)
			if err != nil {
				return nil, err
			}
			if posting := v.(*workload.Posting); posting.Created > 0 {
				times = append(times, time.Duration(now-posting.At))
			}
		}
	}
	return times, <-sent
}

// warmUp is how long events are sent before the measurement begins.
const warmUp = 4 * time.Second

// send produces events at an even rate.
func (d *driver) send(ctx context.Context, topic string, codecs workload.Codecs) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	begin := time.Now()
	all := d.options.measured + warmUp
	for n := 0; ; {
		due := int(rate * min(time.Since(begin), all).Seconds())
		for ; n < due; n++ {
			at := time.Now().UnixNano()
			e := workload.Event{
				ID: "e" + strconv.Itoa(n), Transaction: "t" + strconv.Itoa(n), User: "u" + strconv.Itoa(n%1000), Amount: 100, Currency: "INR",
				Status: "success", Mode: "upi", Instrument: "sbi", Gateway: "razorpay", Updated: at,
			}
			if n >= int(rate*warmUp.Seconds()) {
				e.Created = at // this one counts
			}
			value, err := codecs.Encode(&e)
			if err != nil {
				return err
			}
			d.cluster.client.Produce(ctx, &kgo.Record{Topic: topic, Key: []byte("t" + strconv.Itoa(n)), Value: value}, nil)
		}
		if due >= int(rate*all.Seconds()) {
			return d.cluster.client.Flush(ctx)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
