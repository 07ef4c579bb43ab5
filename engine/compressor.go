package engine

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
)

// gzipLevel is gzip's fastest: on journal entries it takes 60 % of the default's time and 13 % more bytes.
const gzipLevel = 1

// textual compresses batches of text by gzip, and all others by the codec configured. Text is for others to read, and
// gzip is the one codec that every Kafka client brings along: kafka-python and KafkaJS read snappy, lz4 and zstd only
// with packages of their own. A batch is of one topic, and a topic is of one format, so the first value of a batch
// decides.
//
// kgo gives a compressor no topic; a topic's compression.type would let the broker do the work again.
type textual struct {
	text, binary kgo.Compressor
}

// compressing returns how a client compresses what it produces. With "none" it compresses nothing.
func compressing(name string) (kgo.Opt, error) {
	codec, err := compression(name)
	if err != nil {
		return nil, err
	}
	if name == "none" {
		return kgo.ProducerBatchCompression(codec), nil
	}
	text, errText := kgo.DefaultCompressor(kgo.GzipCompression().WithLevel(gzipLevel))
	binary, errBinary := kgo.DefaultCompressor(codec)
	if err := errors.Join(errText, errBinary); err != nil {
		return nil, fmt.Errorf("compression %s: %w", name, err)
	}
	return kgo.WithCompressor(textual{text: text, binary: binary}), nil
}

// Compress implements kgo.Compressor.
func (c textual) Compress(dst *bytes.Buffer, records []byte,
	flags ...kgo.CompressFlag) ([]byte, kgo.CompressionCodecType) {
	if isText(records) {
		return c.text.Compress(dst, records, flags...)
	}
	return c.binary.Compress(dst, records, flags...)
}

// isText reports whether the first value of a batch's records begins with a character that can be seen. Internal
// records begin with a version, a small number. A batch of tombstones is text to nobody.
//
// A record is: length, attributes (1 byte), timestamp delta, offset delta, key, value, headers; lengths are zigzag
// varints, -1 is null (KIP-98).
func isText(records []byte) bool {
	for len(records) > 0 {
		size, n := binary.Varint(records)
		if n <= 0 || size <= 0 || size > int64(len(records)-n) {
			return false
		}
		record := records[n : n+int(size)]
		records = records[n+int(size):]
		value, ok := valueOf(record)
		switch {
		case !ok:
			return false
		case len(value) > 0:
			return value[0] >= ' ' && value[0] != 0x7f
		}
	}
	return false
}

// valueOf returns the value of a record without its length; nil where it is null.
func valueOf(record []byte) ([]byte, bool) {
	if len(record) == 0 {
		return nil, false
	}
	record = record[1:]
	for range 2 { // deltas
		_, n := binary.Varint(record)
		if n <= 0 {
			return nil, false
		}
		record = record[n:]
	}
	_, record, ok := cut(record)
	if !ok {
		return nil, false
	}
	value, _, ok := cut(record)
	return value, ok
}

// cut takes nullable bytes off the front of b.
func cut(b []byte) (field, rest []byte, ok bool) {
	size, n := binary.Varint(b)
	if n <= 0 || size > int64(len(b)-n) {
		return nil, nil, false
	}
	b = b[n:]
	if size < 0 {
		return nil, b, true
	}
	return b[:size], b[size:], true
}
