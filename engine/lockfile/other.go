//go:build !unix

package lockfile

import "os"

// Hold only makes the file: elsewhere than on Unix it keeps nobody out.
func Hold(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o644)
}
