// Command side runs engine and stock goka side by side on the same work and prints how much more the engine gets done
// with a second of CPU time. `make bench` calls it; docs/performance.md says how to read it.
//
// The broker is a process of its own, and so is each run of a side: what counts is the CPU time of that worker process
// alone, user and system, from its warm-up to the end of an orderly stop. Runs of the sides take turns.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/millrace/millrace/test/smoke/fleet"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := route(ctx, os.Args)
	switch {
	case err == nil:
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "side:", err)
		os.Exit(1)
	}
}

// workerRole is the argument with which the driver starts itself again as a worker; as a broker it is
// fleet.BrokerCommand.
const workerRole = "as-worker"

func route(ctx context.Context, args []string) error {
	if len(args) == 4 && args[1] == fleet.BrokerCommand {
		return fleet.ServeBroker(args[2], args[3], os.Stdin, os.Stdout)
	}
	if len(args) == 3 && args[1] == workerRole {
		return work(ctx, args[2], os.Stdout)
	}
	o, err := parse(args[1:])
	if err != nil {
		return err
	}
	return drive(ctx, o)
}
