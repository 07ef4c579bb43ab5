package model

import (
	"testing"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/engine/watermark"
)

// now makes intake, of one partition, say what time it is.
func (f *Fold) now(t instant.Milli) error {
	return f.Add(0, watermark.Record{Origin: "intake", Sources: 1, Time: int64(t)}.Append(nil))
}

func TestTheSlowestSourceDecides(t *testing.T) {
	const none = watermark.None
	p := newPartition()
	for i, step := range []struct {
		source  int32
		time    int64
		idle    bool
		elapsed int64
		want    instant.Milli
	}{
		{0, 100, false, 0, 0}, // the others have not spoken
		{1, none, true, 0, 0},
		{2, 50, false, 0, 50},
		{2, 200, false, 0, 100},
		{2, 150, false, 0, 100}, // never back
		{0, 100, true, 7, 150},
		{2, 200, true, 30, 230}, // all are idle: the latest
		{1, none, false, 0, 230},
		{2, 300, true, 0, 230}, // one is awake and knows no time
		{1, 260, false, 0, 260},
	} {
		p.observe(watermark.Record{Origin: "intake", Source: step.source, Sources: 3, Time: step.time, Idle: step.idle, Elapsed: step.elapsed})
		if p.watermark != step.want {
			t.Fatalf("step %d: %d, want %d", i, p.watermark, step.want)
		}
	}
}
