// Package lockfile keeps other processes out of a directory.
package lockfile

import "errors"

// ErrHeld says that a process, perhaps this one, holds the file.
var ErrHeld = errors.New("lockfile: held by a process")
