package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/test/smoke/fault"
	"github.com/millrace/millrace/test/smoke/fleet"
	"github.com/millrace/millrace/test/smoke/mutant"
)

// The brokers that a run can start for itself; anything else is a list of addresses.
const (
	memoryBroker = "memory"
	diskBroker   = "disk"
	kafkaBroker  = "kafka"
)

// brokerVariable names a real Kafka to use, as host:port[,host:port…].
const brokerVariable = "MILLRACE_KAFKA"

// options are the flags.
type options struct {
	seed       uint64
	events     int64
	rate       float64
	workers    int
	handlers   int
	partitions int
	faults     string
	long       bool
	duration   time.Duration
	broker     string
	kafkaDir   string
	kills      int
	strikes    int // of handlers
	freezes    int
	freeze     time.Duration
	failpoints bool
	horizon    time.Duration
	keep       bool
	selftest   bool
	mutants    []mutant.Mutant
}

// The length of a short run and of a long one.
const (
	shortEvents, shortRate = 20_000, 300
	longEvents, longRate   = 500_000, 1_000
)

func parse(args []string, out io.Writer) (options, error) {
	var o options
	broker := os.Getenv(brokerVariable)
	if broker == "" {
		broker = memoryBroker
	}
	f := flag.NewFlagSet("smoke", flag.ContinueOnError)
	f.SetOutput(out)
	f.Uint64Var(&o.seed, "seed", 1, "of the traffic and of the faults")
	f.Int64Var(&o.events, "events", 0, fmt.Sprintf("lines to send (default %d; with -long %d)", shortEvents,
		longEvents))
	f.Float64Var(&o.rate, "rate", 0, fmt.Sprintf("lines a second (default %d; with -long %d)", shortRate, longRate))
	f.IntVar(&o.workers, "workers", 3, "processes that run all groups")
	f.IntVar(&o.handlers, "handlers", 2, "processes of millrace worker, which call handlers of tasks")
	f.IntVar(&o.partitions, "partitions", 6, "of every topic")
	f.StringVar(&o.faults, "faults", "graceful",
		"graceful: rolling restarts and scaling; kill: SIGKILL as well; all: zombies and, with a Kafka, its restarts as well")
	f.BoolVar(&o.long, "long", false, "the long run: more events, 200 kills, 100 kills of handlers, 20 zombies")
	f.DurationVar(&o.duration, "duration", 0, "send for so long instead of a number of events")
	f.StringVar(&o.broker, "broker", broker, "memory or disk: kfake in a process of its own; kafka: an Apache Kafka by scripts/kafka; or addresses (default from "+brokerVariable+")")
	f.StringVar(&o.kafkaDir, "kafka-dir", "",
		"with an address: the --dir that scripts/kafka has started it with, so that it can be restarted")
	f.IntVar(&o.kills, "kills", -1, "how many SIGKILLs, failpoints included (default 20; with -long 200)")
	f.IntVar(&o.strikes, "handler-kills", -1, "how many SIGKILLs of handlers (default 10; with -long 100)")
	f.IntVar(&o.freezes, "zombies", -1, "how many workers to freeze past their timeouts (default 2; with -long 20)")
	f.DurationVar(&o.freeze, "freeze", 15*time.Second,
		"least time that they are frozen: longer than sessions and transactions last")
	f.BoolVar(&o.failpoints, "failpoints", false, "make half of the kills by failpoints, which the engine must know")
	f.DurationVar(&o.horizon, "horizon", 24*time.Hour,
		"how far behind the latest, in event time, users' rows remember payments: with less than a run lasts, they forget")
	f.BoolVar(&o.keep, "keep", false, "keep logs and data; they are kept anyway if anything is wrong")
	f.BoolVar(&o.selftest, "selftest", false, "run binaries with seeded bugs, each of which must be caught")
	mutants := f.String("mutants", "", "names of seeded bugs to build in, separated by commas; strain is bad luck without a bug")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	o.defaults()
	var err error
	if o.mutants, err = named(*mutants); err != nil {
		return o, err
	}
	return o, o.validate()
}

// named returns mutants by their names.
func named(list string) (out []mutant.Mutant, err error) {
	if list == "" {
		return nil, nil
	}
	all := append(mutant.Defects(), mutant.Strain())
	for _, name := range strings.Split(list, ",") {
		i := slices.IndexFunc(all, func(m mutant.Mutant) bool { return m.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("no mutant is named %q", name)
		}
		out = append(out, all[i])
	}
	return out, nil
}

func (o *options) defaults() {
	events, rate, kills, strikes, freezes := int64(shortEvents), float64(shortRate), 20, 10, 2
	if o.long {
		events, rate, kills, strikes, freezes = longEvents, longRate, 200, 100, 20
	}
	if o.rate == 0 {
		o.rate = rate
	}
	if o.duration > 0 {
		events = int64(o.rate * o.duration.Seconds())
	}
	if o.events == 0 {
		o.events = events
	}
	if o.kills < 0 {
		o.kills = kills
	}
	if o.strikes < 0 {
		o.strikes = strikes
	}
	if o.freezes < 0 {
		o.freezes = freezes
	}
}

func (o *options) validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if o.events < 1 || !(o.rate > 0) || o.workers < 1 || o.handlers < 1 || o.partitions < 1 {
		bad("events, rate, workers, handlers and partitions must be positive")
	}
	if o.horizon < time.Minute {
		bad("-horizon %v: must be at least 1m", o.horizon)
	}
	if o.duration > 0 && o.events != int64(o.rate*o.duration.Seconds()) {
		bad("-events and -duration: give one of them")
	}
	switch o.faults {
	case "graceful", "kill", "all":
	default:
		bad("-faults %q is not graceful, kill or all", o.faults)
	}
	return errors.Join(errs...)
}

// plan says what goes wrong in the run.
func (o *options) plan(b *fleet.Broker) fault.Plan {
	times := 1
	if o.long {
		times = 5
	}
	count := map[fault.Kind]int{fault.Roll: 3 * times, fault.Scale: 2 * times}
	if o.faults != "graceful" {
		count[fault.Roll], count[fault.Scale] = times, times
		count[fault.Kill], count[fault.Handler] = o.kills, o.strikes
		if o.failpoints {
			count[fault.Failpoint] = o.kills / 2
			count[fault.Kill] -= o.kills / 2
		}
	}
	if o.faults == "all" {
		count[fault.Freeze] = o.freezes
		if b.Restart != nil {
			count[fault.Broker] = 2 * times
		}
	}
	return fault.Plan{
		Seed: o.seed, Events: o.events, Workers: o.workers, Handlers: o.handlers, Count: count,
		Points: engine.Failpoints(), Freeze: o.freeze, HardBroker: b.Hard,
	}
}

// limit bounds the run: twice the time that it takes if nothing has to be waited for, and what each fault may take.
func (o *options) limit() time.Duration {
	sending := time.Duration(float64(o.events) / o.rate * float64(time.Second))
	return 2*sending + 10*time.Minute + time.Duration(o.kills+o.strikes)*5*time.Second +
		time.Duration(o.freezes)*2*o.freeze
}
