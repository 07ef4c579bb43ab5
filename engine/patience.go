package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// patiently asks again while brokers answer that it will be better soon: a partition without a leader, a coordinator
// that moved or still reads its log. What has to do with connections franz-go repeats by itself. It gives up after a
// minute.
func patiently(ctx context.Context, ask func() error) error {
	return again(ctx, func(err error) bool {
		return kerr.IsRetriable(err) || errors.Is(err, kerr.UnknownServerError)
	}, ask)
}

// throughOutage asks again also while no broker answers: for the midst of work, where one that starts anew is waited
// for. At a start, a wrong address is better said at once.
func throughOutage(ctx context.Context, ask func() error) error { return again(ctx, passing, ask) }

func again(ctx context.Context, worth func(error) bool, ask func() error) error {
	for attempt := 0; ; attempt++ {
		err := ask()
		if err == nil || !worth(err) || attempt == 80 {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(pause(attempt)):
		}
	}
}

// pause is the time before another attempt, counted from 0.
func pause(attempt int) time.Duration {
	return min(time.Duration(attempt+1)*20*time.Millisecond, time.Second)
}

// offsets lists starts or ends of topics; there is one for each partition.
func offsets(ctx context.Context, list func(context.Context, ...string) (kadm.ListedOffsets, error),
	topics ...string) (kadm.ListedOffsets, error) {
	var listed kadm.ListedOffsets
	err := throughOutage(ctx, func() (err error) {
		if listed, err = list(ctx, topics...); err == nil {
			err = listed.Error()
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("engine: offsets of %v: %w", topics, err)
	}
	return listed, nil
}
