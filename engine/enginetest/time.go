package enginetest

import (
	"time"

	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/stream"
)

// Watermark returns records for Produce that tell every partition of a topic with stream.Watermarked that nothing
// before at follows, in the name of a group that writes it from one partition.
func Watermark(at time.Time) []string {
	w := watermark.Record{Origin: "test", Sources: 1, Time: at.UnixMilli()}
	var records []string
	for _, key := range stream.KeysFor(Partitions) {
		records = append(records, key+"="+string(w.Append(nil)))
	}
	return records
}
