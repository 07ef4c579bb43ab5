//go:build !unix

package embedded

import "os"

// lockFile only makes the file: elsewhere than on Unix the port alone keeps a second broker out.
func lockFile(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o644)
}
