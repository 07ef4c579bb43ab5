package deadletters

import (
	"strconv"
	"strings"
	"time"

	"github.com/lovoo/goka"

	"github.com/millrace/millrace/domain/deadletter"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/stream"
)

// textLimit bounds reason, detail, group and topic as they are kept, in bytes; ours are far shorter.
const textLimit = 1024

// parseLetter reads the headers of a dead-letter record, false if they are not ours or do not belong to the key.
func parseLetter(key string, h goka.Headers) (l deadletter.Letter, ok bool) {
	partition, err := strconv.ParseInt(string(h[stream.HeaderPartition]), 10, 32)
	if err != nil {
		return l, false
	}
	offset, err := strconv.ParseInt(string(h[stream.HeaderOffset]), 10, 64)
	if err != nil {
		return l, false
	}
	l.Reason = payment.Reason(text(h[stream.HeaderReason]))
	l.Detail = text(h[stream.HeaderDetail])
	l.Group = text(h[stream.HeaderGroup])
	l.Source = payment.Origin{Topic: text(h[stream.HeaderTopic]), Partition: int32(partition), Offset: offset}
	if t, err := time.Parse(time.RFC3339Nano, string(h[stream.HeaderTimestamp])); err == nil {
		l.Source.Timestamp = instant.Of(t)
	}
	l.Source.DeadLetter = text(h[stream.HeaderDeadLetter])
	if full, err := strconv.ParseInt(string(h[stream.HeaderTruncated]), 10, 64); err == nil {
		l.FullSizeBytes = max(full, 0)
	}
	return l, l.Reason != "" && l.Group != "" && l.Source.Topic != "" && isID(key, l.Source)
}

// isID tells whether key is the id of the source, with or without the number that several letters from one record get.
func isID(key string, source payment.Origin) bool {
	id := stream.Coordinates{Topic: source.Topic, Partition: source.Partition, Offset: source.Offset}.String()
	rest, ok := strings.CutPrefix(key, id)
	if !ok || rest == "" {
		return ok
	}
	number, ok := strings.CutPrefix(rest, "-")
	n, err := strconv.Atoi(number)
	return ok && err == nil && n > 0 && strconv.Itoa(n) == number
}

func text(b []byte) string {
	return strings.ToValidUTF8(string(b[:min(len(b), textLimit)]), "")
}
