// Command punctual measures how long after its close a health window is published. Payments are made at the pace of the
// wall clock, so that event time and wall time are one: a window closes at its end plus grace, and what a reader of
// committed records waits beyond that moment is the pipeline's delay. Broker, groups, sender and reader are one
// process.
//
//	go -C bench run ./punctual -rate 5000 -for 60s
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"
)

// options are the flags.
type options struct {
	rate       float64
	lasts      time.Duration
	window     time.Duration
	grace      time.Duration
	partitions int
	groups     string
	check      bool
}

func main() {
	var o options
	flag.Float64Var(&o.rate, "rate", 5000, "payment events a second")
	flag.DurationVar(&o.lasts, "for", 60*time.Second, "how long to send")
	flag.DurationVar(&o.window, "window", 5*time.Second, "size of a window; short ones close more often, all at once")
	flag.DurationVar(&o.grace, "grace", 2*time.Second, "grace of a window")
	flag.IntVar(&o.partitions, "partitions", 12, "partitions of each topic")
	flag.StringVar(&o.groups, "groups", "intake,ledger,health", "groups to run; these three are the hops of a window")
	flag.BoolVar(&o.check, "check", false, "exit 1 if p99 is over the bound")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := show(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "punctual:", err)
		os.Exit(1)
	}
}

// errLate is a p99 over the bound.
var errLate = errors.New("windows are published later than promised")

// commitInterval is engine.Config's default, which the pipeline leaves as it is.
const commitInterval = 100 * time.Millisecond

// hops are the groups between a payment and its window: intake, ledger, health.
const hops = 3

// bound is what issue 4 promises for p99: 2.5 commit intervals and 50 ms for each hop.
func bound() time.Duration { return hops * (commitInterval*5/2 + 50*time.Millisecond) }

func show(ctx context.Context, o options) error {
	r, err := measure(ctx, o)
	if err != nil {
		return err
	}
	most := bound()
	fmt.Printf("groups %s, %d partitions, windows of %v, commit interval %v\n", strings.ReplaceAll(o.groups, ",", " "), o.partitions, o.window, commitInterval)
	fmt.Printf("sent %d events in %v: %.0f/s of %.0f/s; all worked off %v after the last\n",
		r.sent, r.took.Round(time.Millisecond), float64(r.sent)/r.took.Seconds(), o.rate, r.behind.Round(time.Millisecond))
	fmt.Printf("%d finals of %d window ends; from close to read: p50 %v, p95 %v, p99 %v, most %v; p99 may be %v\n", len(r.delays), r.ends,
		r.at(0.50), r.at(0.95), r.at(0.99), r.at(1), most)
	if o.check && r.at(0.99) > most {
		return errLate
	}
	return nil
}
