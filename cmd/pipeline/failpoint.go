package pipeline

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/millrace/millrace/engine"
)

// errFailpoint is returned for a failpoint that does not exist.
var errFailpoint = errors.New("pipeline: no such failpoint")

// Failpoint returns, for spec name:count, what gives this process up by SIGKILL when it passes the engine's place of
// that name for the count-th time, whichever group does. It is for crash tests. An empty spec gives nil.
func Failpoint(spec string) (func(place string), error) {
	if spec == "" {
		return nil, nil
	}
	name, count, _ := strings.Cut(spec, ":")
	n, err := strconv.ParseInt(count, 10, 64)
	if err != nil || n < 1 || !slices.Contains(engine.Failpoints(), name) {
		return nil, fmt.Errorf("%w: %q; want name:count, with one of %s", errFailpoint, spec,
			strings.Join(engine.Failpoints(), ", "))
	}
	return countdown(name, n, dieAtOnce), nil
}

// countdown calls die when the place is passed for the n-th time.
func countdown(name string, n int64, die func()) func(place string) {
	var left atomic.Int64
	left.Store(n)
	return func(place string) {
		if place == name && left.Add(-1) == 0 {
			die()
		}
	}
}

// dieAtOnce is what the kernel does to a process that was killed, and lets nothing more happen here.
func dieAtOnce() {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
	select {}
}
