package fleet

import "syscall"

// attributes let no worker outlive us, however we end.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
