package health

import (
	"sync"
	"time"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/stream"
)

// ModeIndex knows the wall time at which each mode last heard of a window that had closed, as far as this process saw
// it. Rows change for other reasons too.
type ModeIndex struct {
	Codec   stream.Codec[*health.ModeRow]
	Bad     func(key string, value []byte, err error) // told of rows that cannot be decoded
	Now     func() time.Time
	mu      sync.RWMutex
	Closing map[string]LastClose // by mode
}

// LastClose is when a mode last heard of a closed window.
type LastClose struct {
	end instant.Milli
	at  time.Time
}

// Update takes a row in, nil for one that is gone.
func (x *ModeIndex) Update(mode string, value []byte) {
	at, end := x.Now(), instant.Milli(0)
	if value != nil {
		row, err := x.Codec.Decode(value)
		if err != nil {
			x.Bad(mode, value, err)
			return
		}
		end = row.Latest()
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	last, known := x.Closing[mode]
	switch {
	case value == nil:
		delete(x.Closing, mode)
	case !known || end > last.end:
		x.Closing[mode] = LastClose{end, at}
	}
}

// Silence returns how long ago a window of the mode last closed; 0 if none ever has.
func (x *ModeIndex) Silence(mode string) time.Duration {
	x.mu.RLock()
	defer x.mu.RUnlock()
	last, known := x.Closing[mode]
	if !known {
		return 0
	}
	return x.Now().Sub(last.at)
}
