package stream

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lovoo/goka"
)

func TestDeadLetterRecord(t *testing.T) {
	d := DeadLetter{Reason: "malformed", Detail: "why", Value: []byte("raw"), Source: Coordinates{
		Topic: "payments", Partition: 3, Offset: 42, Key: []byte("k"), Timestamp: time.Unix(1767225600, 5e6),
	}}
	value, headers := d.record("intake", goka.Headers{"trace": []byte("1"), HeaderReason: []byte("forged")}, 2<<20)
	want := map[string]string{
		"trace": "1", "mr-key": "k", "mr-reason": "malformed", "mr-detail": "why", "mr-group": "intake", "mr-topic": "payments",
		"mr-partition": "3", "mr-offset": "42", "mr-timestamp": "2026-01-01T00:00:00.005Z",
	}
	got := map[string]string{}
	for k, v := range headers {
		got[k] = string(v)
	}
	if diff := cmp.Diff(want, got); diff != "" || string(value) != "raw" {
		t.Error(string(value), diff)
	}
}

func TestDeadLetterIsBounded(t *testing.T) {
	long := bytes.Repeat([]byte("x"), 2*DeadLetterLimit)
	d := DeadLetter{Detail: string(long), Value: long, Source: Coordinates{Key: long}}
	value, headers := d.record("intake", goka.Headers{"a": []byte("kept"), "b": long}, 2<<20)
	if len(value) != DeadLetterLimit || string(headers[HeaderTruncated]) != strconv.Itoa(len(long)) {
		t.Errorf("value of %d bytes, truncated=%s", len(value), headers[HeaderTruncated])
	}
	size := len(value)
	for k, v := range headers {
		size += len(k) + len(v)
	}
	if size > SourceLimit+64<<10 || string(headers["a"]) != "kept" {
		t.Errorf("%d bytes in all", size)
	}
	whole := DeadLetter{Value: long[:DeadLetterLimit]}
	if value, headers := whole.record("intake", nil, 2<<20); len(value) != DeadLetterLimit || headers[HeaderTruncated] != nil {
		t.Error("a value at the limit was cut")
	}
	if !strings.HasPrefix(string(long), string(headers[HeaderDetail])) || len(headers[HeaderDetail]) != maxDetail {
		t.Error("detail")
	}
}
