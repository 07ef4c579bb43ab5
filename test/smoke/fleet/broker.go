package fleet

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/millrace/millrace/engine/embedded"
)

// Broker is what the run talks to.
type Broker struct {
	// Addrs are its addresses.
	Addrs []string
	// Restart stops and starts it, by SIGKILL if hard; nil where that cannot be done without losing what it holds.
	Restart func(ctx context.Context, hard bool) error
	// Hard tells whether Restart can be.
	Hard bool
	// Freeze holds its process, so that nobody is answered, and Thaw lets it go on; nil where the run has not started
	// it.
	Freeze, Thaw func() error
	// Stop ends it, if the run has started it.
	Stop func() error
}

// Given is a broker that runs already.
func Given(addrs []string) *Broker {
	return &Broker{Addrs: addrs, Stop: func() error { return nil }}
}

// BrokerCommand is the argument with which a program that calls Embedded starts itself anew as a broker; it must then
// call ServeBroker.
const BrokerCommand = "broker"

// Embedded starts this very program as a kfake broker in a process of its own, in memory or on a data directory. Its
// standard input is a pipe that ends with us, and so does it. On a directory it can be restarted, gracefully.
func Embedded(dir, logFile string) (*Broker, error) {
	p, err := embed(dir, "0", logFile)
	if err != nil {
		return nil, err
	}
	b := &Broker{
		Addrs: []string{p.addr}, Stop: func() error { return p.stop() },
		Freeze: func() error { return suspend(p.cmd.Process) }, Thaw: func() error { return resume(p.cmd.Process) },
	}
	if dir == "" {
		return b, nil
	}
	b.Restart = func(_ context.Context, hard bool) error {
		if hard {
			return errors.New("kfake does not survive a SIGKILL")
		}
		_, port, err := net.SplitHostPort(p.addr)
		if err != nil {
			return err
		}
		if err := p.stop(); err != nil {
			return err
		}
		again, err := embed(dir, port, logFile)
		if err == nil {
			p = again
		}
		return err
	}
	return b, nil
}

// embeddedBroker is a process that serves until its standard input ends.
type embeddedBroker struct {
	addr  string
	cmd   *exec.Cmd
	stdin io.Closer
}

func embed(dir, port, logFile string) (*embeddedBroker, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, BrokerCommand, dir, port)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the broker did not start, see %s: %w", logFile, err), cmd.Wait())
	}
	return &embeddedBroker{addr: strings.TrimSpace(line), cmd: cmd, stdin: stdin}, nil
}

func (p *embeddedBroker) stop() error { return errors.Join(p.stdin.Close(), p.cmd.Wait()) }

// ServeBroker is the other side of Embedded, with what came after BrokerCommand: it serves until standard input or, as
// an interrupt at the terminal reaches everybody, only that, ends.
func ServeBroker(dir, port string, in io.Reader, out io.Writer) error {
	signal.Ignore(os.Interrupt, syscall.SIGTERM)
	n, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	b, err := embedded.Start(embedded.Config{Dir: dir, Port: n})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, b.Addr()); err != nil {
		return errors.Join(err, b.Close())
	}
	_, err = io.Copy(io.Discard, in)
	return errors.Join(err, b.Close())
}

// Kafka starts an Apache Kafka of the run's own by the repository's script.
func Kafka(ctx context.Context, repository, dir string) (*Broker, error) {
	addr, err := kafka(ctx, repository, "start", "--port", "0", "--dir", dir)
	if err != nil {
		return nil, err
	}
	b := GivenKafka(addr, repository, dir)
	b.Stop = func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		_, err := kafka(ctx, repository, "stop", "--dir", dir) // the folder is the run's, which may want to keep it
		return err
	}
	return b, nil
}

// GivenKafka is an Apache Kafka that the script has started at addr; the run may restart it.
func GivenKafka(addr, repository, dir string) *Broker {
	b := Given([]string{addr})
	b.Hard = true
	b.Restart = func(ctx context.Context, hard bool) error {
		_, port, err := net.SplitHostPort(addr)
		if err != nil {
			return err
		}
		if hard {
			if err := killKafka(dir); err != nil {
				return err
			}
			if err := until(ctx, func() error { return silent(addr) }); err != nil {
				return err
			}
		}
		if _, err := kafka(ctx, repository, "stop", "--dir", dir); err != nil {
			return err
		}
		_, err = kafka(ctx, repository, "start", "--port", port, "--dir", dir)
		return err
	}
	return b
}

// killKafka ends the broker of a directory by SIGKILL; the script's stop then only tidies up.
func killKafka(dir string) error {
	raw, err := os.ReadFile(filepath.Join(dir, "pid"))
	if err != nil {
		return err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	if err != nil {
		return err
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return p.Kill()
}

// silent returns an error while somebody listens: a process that was killed may take a while to let go.
func silent(addr string) error {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return nil //nolint:nilerr // that is what is waited for
	}
	return errors.Join(fmt.Errorf("%s is still open", addr), c.Close())
}

func kafka(ctx context.Context, repository string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(repository, "scripts", "kafka"), args...)
	var errs strings.Builder
	cmd.Stderr = &errs
	// The broker that start leaves behind must not hold our pipes; only the address comes by them.
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.Output()
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return "", fmt.Errorf("scripts/kafka %s: %w\n%s", strings.Join(args, " "), err, errs.String())
	}
	return strings.TrimSpace(string(out)), nil
}
