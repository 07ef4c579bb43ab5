package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"github.com/millrace/millrace/engine/embedded"
)

// broker is the embedded broker in a process of its own, all in memory.
type broker struct {
	addr string
	stop func() error
}

func startBroker() (*broker, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(context.Background(), self, brokerRole)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stop := func() error { return errors.Join(in.Close(), cmd.Wait()) }
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("broker: %w", err), stop())
	}
	return &broker{addr: strings.TrimSpace(line), stop: stop}, nil
}

// serveBroker serves until in ends. An interrupt at the terminal reaches it, too; the driver decides.
func serveBroker(in io.Reader, out io.Writer) error {
	signal.Ignore(os.Interrupt, syscall.SIGTERM)
	b, err := embedded.Start(embedded.Config{})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, b.Addr())
	_, err = io.Copy(io.Discard, in)
	return errors.Join(err, b.Close())
}
