package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestWatch(t *testing.T) {
	out := &bytes.Buffer{}
	a := &app{out: out}
	ctx, cancel := context.WithCancel(t.Context())
	seen := 0
	err := a.watched(ctx, watch{on: true, every: 100 * time.Millisecond}, func(context.Context) error {
		if seen++; seen == 3 {
			cancel()
		}
		return nil
	})
	if err != nil || seen != 3 || strings.Contains(out.String(), "\x1b") {
		t.Errorf("%v, %d times, %q", err, seen, out)
	}
	failed := errors.New("no answer")
	if err := a.watched(t.Context(), watch{on: true, every: time.Second}, func(context.Context) error { return failed }); !errors.Is(err, failed) {
		t.Errorf("%v", err)
	}
	if err := a.watched(t.Context(), watch{on: true}, nil); err == nil || !strings.Contains(err.Error(), "--every") {
		t.Errorf("no pause: %v", err)
	}
}
