// Turnover is a processor of your own on Millrace's engine, in a module of its own: exactly once, with event time, a
// timer and windows. docs/your-own-processor.md goes through it.
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

	"github.com/lovoo/goka"

	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/store"
)

func main() {
	brokers := flag.String("brokers", "127.0.0.1:19092", "Kafka bootstrap addresses")
	slot := flag.String("slot", "0", "one for each process")
	data := flag.String("data", "turnover-data", "directory for tables")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if at := strings.Split(*brokers, ","); flag.NArg() > 0 {
		err = shop(ctx, at, flag.Args(), os.Stdout)
	} else {
		err = run(ctx, at, *slot, *data, nil)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run runs the processor until the context ends, and closes ready when it handles sales.
func run(ctx context.Context, brokers []string, slot, data string, ready chan<- struct{}) error {
	if err := createTopics(ctx, brokers); err != nil {
		return err
	}
	disk, err := store.NewDisk(store.DiskConfig{Dir: data})
	if err != nil {
		return err
	}
	defer disk.Close()
	e, err := engine.New(engine.Config{
		Client: engine.ClientConfig{Brokers: brokers}, Slot: slot, Stores: disk,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		return err
	}
	p, err := goka.NewProcessor(brokers, graph(), e.Options()...)
	if err != nil {
		return err
	}
	if ready != nil {
		go func() {
			select {
			case <-e.Ready():
				close(ready)
			case <-ctx.Done():
			}
		}()
	}
	return e.Run(ctx, p)
}
