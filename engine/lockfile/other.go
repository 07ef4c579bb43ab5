//go:build !unix

package lockfile

import "os"

// Acquire only makes the file: on systems other than Unix it keeps nobody out.
func Acquire(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o644)
}
