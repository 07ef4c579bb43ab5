package audit

import (
	"fmt"

	healthcodec "github.com/millrace/millrace/codecs/health"
	"github.com/millrace/millrace/domain/instant"
)

// windows is the book of health-windows and health-corrections. It keeps every window, so only Verify has one.
type windows struct {
	last   map[window]int64 // revision; of a silence 0
	finals map[window]bool
	found  []difference
}

type window struct {
	mode, instrument, gateway string
	start                     instant.Milli
	silent                    bool
}

func newWindows() *windows { return &windows{last: map[window]int64{}, finals: map[window]bool{}} }

func (b *windows) add(place string, value []byte, final bool) error {
	r, err := healthcodec.WindowRecord{}.Decode(value)
	if err != nil {
		return err
	}
	w := window{r.Mode, r.Instrument, r.Gateway, r.Start, r.Silent}
	last, seen := b.last[w]
	wrong := ""
	switch {
	case final && b.finals[w]:
		wrong = "a second final"
	case final != (r.Revision == 0):
		wrong = fmt.Sprintf("revision %d on the wrong topic", r.Revision)
	case !final && seen && r.Revision <= last:
		wrong = fmt.Sprintf("revision %d after revision %d", r.Revision, last)
	}
	b.finals[w] = b.finals[w] || final
	b.last[w] = max(last, r.Revision)
	if wrong != "" {
		b.found = append(b.found, difference{
			check: checkWindows, sure: true, key: place, text: fmt.Sprintf("window %s/%s/%s from %s (%s): %s", r.Mode,
				r.Instrument, r.Gateway, r.Start, place, wrong),
		})
	}
	return nil
}
