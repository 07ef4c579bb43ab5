package dev

import (
	"context"
	"net"
	"time"

	"github.com/millrace/millrace/cmd/work"
	"github.com/millrace/millrace/views/serve"
	"github.com/millrace/millrace/worker/payout/simulator"
)

// workFor is how long calls may go on when dev stops.
const workFor = 500 * time.Millisecond

// simulatorSecret signs calls that never leave this process's machine.
const simulatorSecret = "no secret: the simulator of dev"

// startWorker runs a worker, and a provider that pays at once unless the settings name one, so that every kind of
// reward is granted.
func (d *dev) startWorker() error {
	if p := &d.Settings.Tasks.Provider; p.URL == "" {
		s, err := simulator.New(simulator.Plan{})
		if err != nil {
			return err
		}
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		d.provider = serve.NewHTTPServer(listener.Addr().String(), s)
		go func() { _ = d.provider.Serve(listener) }() // it ends by Close
		p.URL, p.Secret, p.AllowPrivate = "http://"+listener.Addr().String(), simulatorSecret, true
	}
	d.Settings.Tasks.Worker.Drain = workFor
	w, err := work.New(d.Settings, d.topology, nil, d.Metrics, d.Log)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	d.endWork, d.worked = cancel, make(chan error, 1)
	go func() { d.worked <- w.Run(ctx) }()
	return nil
}

// stopWorker waits for the worker, which endWork has told to end.
func (d *dev) stopWorker() error {
	var err error
	if d.worked != nil {
		err = <-d.worked
	}
	if d.provider != nil {
		_ = d.provider.Close() // nobody calls it any more
	}
	return err
}
