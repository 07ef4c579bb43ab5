// Command millrace is the whole product in one binary: the development pipeline, processors, HTTP views, topic
// provisioning, traffic and missions. `millrace --help` lists its commands.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // mission windows are in IANA zones, whatever the machine has installed
)

// version and commit are set by the linker for releases and images, which are built without a repository at hand.
var version, commit = "dev", ""

// release is what --version prints.
func release() string {
	if commit == "" {
		return version
	}
	return version + " (" + commit + ")"
}

func main() {
	ctx, stop := signalContext()
	defer stop()
	root := newRoot(os.Stdout, os.Stderr)
	root.SetIn(stdin{os.Stdin, ctx})
	err := execute(ctx, root)
	os.Exit(exitCode(err))
}

// signalContext ends its context at the first SIGINT or SIGTERM, and the process at the second.
func signalContext() (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		if _, ok := <-signals; !ok {
			return
		}
		cancel()
		if _, ok := <-signals; ok {
			fmt.Fprintln(os.Stderr, "millrace: forced to stop; work in hand may be repeated")
			os.Exit(2)
		}
	}()
	return ctx, func() { signal.Stop(signals); cancel() }
}

// finding is an error that is an answer, not a failure: there is no such thing, it is refused, or a check found
// something. Exit status 1.
type finding struct{ error }

func (f finding) Unwrap() error { return f.error }

func exitCode(err error) int {
	var answer finding
	switch {
	case err == nil:
		return 0
	case errors.As(err, &answer):
		return 1
	default:
		return 2
	}
}
