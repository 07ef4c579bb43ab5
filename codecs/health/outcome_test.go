package health_test

import (
	"bytes"
	"testing"

	"github.com/millrace/millrace/codecs/codectest"
	healthcodec "github.com/millrace/millrace/codecs/health"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/ledger"
)

// TestEveryOutcomeIsKept holds each form in which counts are written against the table of outcomes.
func TestEveryOutcomeIsKept(t *testing.T) {
	for o := ledger.Succeeded; o < ledger.OutcomeEnd; o++ {
		var counts health.Counts
		counts[o] = 7
		if o.String() == "" {
			t.Errorf("outcome %d has no name", o)
		}
		record := codectest.RoundTrip(t, healthcodec.WindowRecord{}, &health.WindowRecord{
			Path: health.Path{Mode: "upi", Instrument: "sbi", Gateway: "a"}, Counts: counts, Samples: 7,
		})
		if !bytes.Contains(record, []byte(`"`+o.String()+`":7`)) {
			t.Errorf("%s: %s", o, record)
		}
		codectest.RoundTrip(t, healthcodec.Score{}, &health.Score{Path: health.Path{Mode: "upi", Instrument: "sbi", Gateway: "a"}, WindowEnd: 60_000, Window: counts})
	}
}
