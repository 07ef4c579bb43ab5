package stream

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/lovoo/goka"
)

// The headers of a dead-letter record (docs/contract.md#dead-letters).
const (
	HeaderKey       = "mr-key"
	HeaderReason    = "mr-reason"
	HeaderDetail    = "mr-detail"
	HeaderGroup     = "mr-group"
	HeaderTopic     = "mr-topic"
	HeaderPartition = "mr-partition"
	HeaderOffset    = "mr-offset"
	HeaderTimestamp = "mr-timestamp"
	HeaderTruncated = "mr-truncated"
	// HeaderDeadLetter is on a record that is the replay of a dead letter, and on what becomes a dead letter of it: the
	// id of the first.
	HeaderDeadLetter = "mr-dead-letter"
)

// SourceLimit is the largest input value in bytes that is looked at; DeadLetterLimit the largest that a dead letter
// carries whole. Beyond it the value is cut and HeaderTruncated gives its full size.
const (
	SourceLimit     = 1 << 20
	DeadLetterLimit = SourceLimit + 32<<10
)

const maxDetail = 512

// keyLimit and ownLimit bound, in bytes, what of its source's key and headers a dead letter repeats: were they as long
// as a record may be, the dead letter would be longer than one, and its partition would stop.
const (
	keyLimit = 4 << 10
	ownLimit = 16 << 10
)

// The reasons that stream itself gives.
const (
	ReasonMalformed     = "malformed"
	ReasonCallbackPanic = "callback_panic"
	ReasonRowTooLarge   = "row_too_large"
)

// Reasons returns them.
func Reasons() []string { return []string{ReasonMalformed, ReasonCallbackPanic, ReasonRowTooLarge} }

// ReasonError is implemented by codec errors that know their dead-letter reason; others count as malformed.
type ReasonError interface {
	error
	DeadLetterReason() string
}

// DeadLetter is a record that cannot be used. The source's own headers are kept beside ours.
type DeadLetter struct {
	Reason string
	Detail string      // for people; never secret values
	Source Coordinates // defaults to the record at hand
	Value  []byte      // defaults to the bytes of the record at hand
}

// reasonOf returns what err says itself, or else otherwise.
func reasonOf(err error, otherwise string) string {
	var r ReasonError
	if errors.As(err, &r) {
		return r.DeadLetterReason()
	}
	return otherwise
}

// record makes a record of at most limit bytes, value and headers: first the value gives way, then what is repeated of
// its source.
func (d DeadLetter) record(group string, own goka.Headers, limit int) ([]byte, goka.Headers) {
	h := goka.Headers{}
	left := min(ownLimit, limit/8)
	for _, k := range slices.Sorted(maps.Keys(own)) {
		if left -= len(k) + len(own[k]); left < 0 {
			break
		}
		h[k] = own[k]
	}
	if d.Source.DeadLetter != "" {
		h[HeaderDeadLetter] = []byte(d.Source.DeadLetter)
	}
	detail := d.Detail
	if len(detail) > maxDetail {
		detail = detail[:maxDetail]
	}
	h[HeaderKey] = d.Source.Key[:min(len(d.Source.Key), keyLimit, limit/8)]
	h[HeaderReason] = []byte(d.Reason)
	h[HeaderDetail] = []byte(detail)
	h[HeaderGroup] = []byte(group)
	h[HeaderTopic] = []byte(d.Source.Topic)
	h[HeaderPartition] = []byte(strconv.FormatInt(int64(d.Source.Partition), 10))
	h[HeaderOffset] = []byte(strconv.FormatInt(d.Source.Offset, 10))
	h[HeaderTimestamp] = []byte(d.Source.Timestamp.UTC().Format(time.RFC3339Nano))
	value, room := d.Value, min(DeadLetterLimit, limit-sizeOf(h)-truncatedSlack)
	if len(value) > room {
		h[HeaderTruncated] = []byte(strconv.Itoa(len(value)))
		value = value[:max(0, room)]
	}
	return value, h
}

// truncatedSlack is the room for HeaderTruncated.
const truncatedSlack = 64

func sizeOf(h goka.Headers) int {
	n := 0
	for k, v := range h {
		n += len(k) + len(v) + 10 // and their lengths
	}
	return n
}
