package ledger_test

import (
	"testing"

	"github.com/millrace/millrace/codecs/codectest"
	ledgercodec "github.com/millrace/millrace/codecs/ledger"
)

// The ledger writes one posting, and up to one attempt, for each event; health, progress and rewards read them.
func BenchmarkPosting(b *testing.B) { benchmarkCodec(b, ledgercodec.Posting{}, ledgerPosting()) }

func BenchmarkAttempt(b *testing.B) { benchmarkCodec(b, ledgercodec.Attempt{}, ledgerAttempt()) }

func benchmarkCodec[T any](b *testing.B, codec codectest.Binary[T], v T) {
	raw := codectest.RoundTrip(b, codec, v)
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
