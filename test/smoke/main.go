// Command smoke is the crash run: real processes of the millrace binary work on seeded traffic while a seeded schedule
// stops, kills, freezes and scales them. Payouts and webhooks go to a provider of its own, which counts what was done
// under which key. Afterwards everything that a read_committed reader sees is compared with an
// independent oracle, and tables with what HTTP answers. It prints one line and exits 1 unless every number in it that
// tells of damage is 0:
//
//	seed=… events=… kills=… handler_kills=… zombies=… broker_restarts=… lost=0 duplicated=0 different=0 zombie_records=0 not_judged=0
//
// A run in which a planned kind of fault never struck is void, and fails too; so is one in which nobody claimed, was
// refused or was given something by hand, or nothing was held or expired. What happens meanwhile goes to standard
// error, with a line that counts those.
//
// With -selftest it makes one short run of a sound binary and one of each binary with a defect (package mutant), and
// exits 1 unless the first is without damage and all others are not.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/millrace/millrace/test/smoke/fleet"
)

func main() {
	if len(os.Args) == 4 && os.Args[1] == fleet.BrokerCommand { // we were started by ourselves
		if err := fleet.ServeBroker(os.Args[2], os.Args[3], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		return
	}
	o, err := parse(os.Args[1:], os.Stderr)
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "smoke:", err)
		}
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	logger := log.New(os.Stderr, "smoke: ", log.Ltime)
	what := smoke
	if o.selftest {
		what = selftest
	}
	code := what(ctx, o, logger)
	stop()
	os.Exit(code)
}

// smoke makes the run and returns the exit code: 1 for damage or a void run, 2 where there could be no run.
func smoke(ctx context.Context, o options, logger *log.Logger) int {
	result, err := once(ctx, o, logger)
	if err != nil {
		logger.Print(err)
		return 2
	}
	result.log(logger)
	fmt.Fprintln(os.Stdout, result.line())
	if !result.ok() {
		return 1
	}
	return 0
}

func once(ctx context.Context, o options, logger *log.Logger) (*result, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, o.limit(), fmt.Errorf("the run took longer than %v", o.limit()))
	defer cancel()
	r := &run{options: o, log: logger}
	result, err := r.do(ctx)
	return result, errors.Join(err, r.close(err == nil && (result.ok() || o.selftest)))
}
