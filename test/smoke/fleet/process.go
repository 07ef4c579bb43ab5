// Package fleet runs the processes of a crash run: a broker, a server and workers, each of which can be stopped,
// killed, frozen and started again.
package fleet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// process is one incarnation of a command.
type process struct {
	cmd   *exec.Cmd
	began time.Time
	done  chan struct{} // closed when it has ended
	err   error         // of Wait; read after done, as ended
	ended time.Time
}

// launch starts a command, with its output appended to a log file.
func launch(cmd *exec.Cmd, logFile string) (*process, error) {
	out, err := os.OpenFile(logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = out, out, attributes()
	err = cmd.Start()
	_ = out.Close() // the child has its own
	if err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, began: time.Now(), done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		p.ended = time.Now()
		close(p.done)
	}()
	return p, nil
}

func (p *process) alive() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// killed tells whether a process that has ended did so by SIGKILL.
func (p *process) killed() bool { return p.endedBy(syscall.SIGKILL) }

func (p *process) endedBy(s syscall.Signal) bool {
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == s
}

// newborn is how young a process may be to end by SIGTERM as the kernel does it: it had no time to listen for it, nor
// to do anything else.
const newborn = 500 * time.Millisecond

// kill ends the process at once. It returns false if it had ended before.
func (p *process) kill() bool {
	if p.cmd.Process.Kill() != nil {
		return false
	}
	<-p.done
	return p.killed()
}

// errStop is returned for a process that did not stop as asked.
var errStop = errors.New("fleet: did not stop gracefully")

// stop asks the process to end and waits for it; after patience it is killed, which is an error.
func (p *process) stop(patience time.Duration) (time.Duration, error) {
	from := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, fmt.Errorf("%w: %w", errStop, err)
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		p.kill()
		return time.Since(from), fmt.Errorf("%w: killed after %v", errStop, patience)
	}
	if p.err != nil && !(p.endedBy(syscall.SIGTERM) && from.Sub(p.began) < newborn) {
		return time.Since(from), fmt.Errorf("%w: %w", errStop, p.err)
	}
	return time.Since(from), nil
}

// until calls ready every so often until it returns nil, and then returns nil; the last error once the context ends.
func until(ctx context.Context, ready func() error) error {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-ticker.C:
		}
	}
}
