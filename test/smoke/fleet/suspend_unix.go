//go:build unix

package fleet

import (
	"os"
	"syscall"
)

// suspend holds a process in the middle of whatever it does; resume lets it go on as if nothing had been.
func suspend(p *os.Process) error { return p.Signal(syscall.SIGSTOP) }

func resume(p *os.Process) error { return p.Signal(syscall.SIGCONT) }
