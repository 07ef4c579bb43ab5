package cluster

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/engine/watermark"
)

// Reached returns the event time that each partition of a group's table has reached, as committed; partitions that know
// none are left out. It reads the end of the table alone.
func Reached(ctx context.Context, adm *Admin, table string) (map[int32]instant.Milli, error) {
	rows, err := lastRecords(ctx, adm, []string{table}, func(r *kgo.Record) bool {
		return string(r.Key) == watermark.RowPrefix && r.Value != nil
	})
	if err != nil {
		return nil, fmt.Errorf("the event time of %s: %w", table, err)
	}
	reached := map[int32]instant.Milli{}
	for at, r := range rows {
		time, err := watermark.ReachedOf(r.Value)
		if err != nil {
			return nil, fmt.Errorf("the event time of %s/%d: %w", table, at.partition, err)
		}
		if time != watermark.None {
			reached[at.partition] = instant.Milli(time)
		}
	}
	return reached, nil
}
