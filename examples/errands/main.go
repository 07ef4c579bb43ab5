// Errands is a worker of your own on Millrace's tasks, in a module of its own: a handler that is called for each task,
// and one that is called for many. Run it beside `millrace dev --config examples/errands/millrace.yaml`.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/worker"
)

func main() {
	brokers := flag.String("brokers", "127.0.0.1:19092", "Kafka bootstrap addresses")
	file := flag.String("config", "millrace.yaml", "the settings of the deployment, with its kinds")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	settings, err := config.Load(config.Default(), *file, nil)
	if err == nil {
		err = run(ctx, settings, strings.Split(*brokers, ","), newBooks(log))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run serves both kinds until the context ends.
func run(ctx context.Context, settings config.Config, brokers []string, b *books) error {
	kinds, err := settings.TaskKinds()
	if err != nil {
		return err
	}
	greet, _ := kinds.Find("greet")
	book, _ := kinds.Find("book")
	w, err := worker.New(worker.Config{
		Client: engine.ClientConfig{Brokers: brokers}, Prefix: settings.Prefix,
		Runs: settings.Prefix + "task-runs", Results: settings.Prefix + "task-results",
		Kinds: []worker.Kind{
			{Policy: greet, Handler: worker.HandlerFunc(b.greet)},
			{Policy: book, Batch: worker.BatchHandlerFunc(b.book), Concurrency: 2},
		},
		Log: b.log,
	})
	if err != nil {
		return err
	}
	return w.Run(ctx)
}
