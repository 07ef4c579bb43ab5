package codecs_test

import (
	"testing"

	"github.com/millrace/millrace/codecs"
)

// The ledger writes one posting, and up to one attempt, for each event; health, progress and rewards read them.
func BenchmarkPosting(b *testing.B) { benchmarkCodec(b, codecs.Posting{}, ledgerPosting()) }

func BenchmarkAttempt(b *testing.B) { benchmarkCodec(b, codecs.Attempt{}, ledgerAttempt()) }

func benchmarkCodec[T any](b *testing.B, codec codecs.Binary[T], v T) {
	raw := codecs.RoundTrip(b, codec, v)
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = codec.Encode(v)
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = codec.Decode(raw)
		}
	})
}
