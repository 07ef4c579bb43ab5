package page

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
	"testing"

	"github.com/millrace/millrace/engine/embedded"
)

// brokerRole makes a process of this binary a broker: what it holds is not in the process that is measured.
const brokerRole = "MILLRACE_PAGE_BROKER"

func TestMain(m *testing.M) {
	if os.Getenv(brokerRole) == "" {
		os.Exit(m.Run())
	}
	if err := serveBroker(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serveBroker serves until in ends.
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

// startBroker returns the address of a broker that ends with the benchmark.
func startBroker(b *testing.B) string {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(b.Context()), self)
	cmd.Env, cmd.Stderr = append(os.Environ(), brokerRole+"=1"), os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
			b.Error(err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(line)
}
