package views

import (
	"sync"
	"time"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/stream"
)

// modeIndex knows the wall time at which each mode last heard of a window that had closed, as far as this process saw
// it. Rows change for other reasons too.
type modeIndex struct {
	codec   stream.Codec[*health.ModeRow]
	bad     func(key string, value []byte, err error) // told of rows that cannot be decoded
	now     func() time.Time
	mu      sync.RWMutex
	closing map[string]lastClose // by mode
}

type lastClose struct {
	end instant.Milli
	at  time.Time
}

func (x *modeIndex) update(mode string, value []byte) {
	at, end := x.now(), instant.Milli(0)
	if value != nil {
		row, err := x.codec.Decode(value)
		if err != nil {
			x.bad(mode, value, err)
			return
		}
		end = row.Latest()
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	last, known := x.closing[mode]
	switch {
	case value == nil:
		delete(x.closing, mode)
	case !known || end > last.end:
		x.closing[mode] = lastClose{end, at}
	}
}

// silence returns how long ago a window of the mode last closed; 0 if none ever has.
func (x *modeIndex) silence(mode string) time.Duration {
	x.mu.RLock()
	defer x.mu.RUnlock()
	last, known := x.closing[mode]
	if !known {
		return 0
	}
	return x.now().Sub(last.at)
}
