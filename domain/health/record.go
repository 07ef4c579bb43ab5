package health

import (
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/window"
)

// WindowRecord is the public record of a closed window: revision 0 when it closes, one more with every correction. A
// Silent one is no window: it tells that there were only empty windows in Span, and that no more are published until
// traffic returns.
type WindowRecord struct {
	Path
	window.Span
	// ClosedAt is the event time at which the window closed, its end plus grace. Not the watermark that closed it: that
	// one depends on what else ran through the partition, and a record must not.
	ClosedAt instant.Milli
	Revision int64
	Counts   Counts
	Samples  int64
	Eligible int64
	Latency  Quantiles
	Sources  []SourceRange
	Silent   bool
}

// RawRate returns success/samples, rounded to four decimals, and false without samples.
func (r *WindowRecord) RawRate() (float64, bool) { return ratio(r.Counts[ledger.Succeeded], r.Samples) }

// TechnicalRate returns success/eligible, rounded to four decimals, and false without eligible samples.
func (r *WindowRecord) TechnicalRate() (float64, bool) {
	return ratio(r.Counts[ledger.Succeeded], r.Eligible)
}

// Record returns the public record of a closed window's row, nil for another row.
func (r *Row) Record() *WindowRecord {
	if r == nil || r.Closed == nil {
		return nil
	}
	return r.Closed.record()
}

func (c *Closed) record() *WindowRecord {
	return &WindowRecord{
		Path: c.Path, Span: c.Span, ClosedAt: c.ClosedAt, Revision: c.Revision,
		Counts: c.Value.Counts, Samples: c.Value.Counts.Samples(), Eligible: c.Value.Counts.Eligible(!c.Plain),
		Latency: c.Value.Latency.Quantiles(), Sources: c.Value.Sources,
	}
}

// OtherRecord returns what the place `other` counted in a window as a record: without latencies and sources, which
// nobody kept.
func (r *ModeRow) OtherRecord(s Settings, w OtherWindow) *WindowRecord {
	return &WindowRecord{
		Path: Path{r.Mode, OtherName, OtherName}, Span: window.Span{Start: w.End.Add(-s.Window), End: w.End},
		ClosedAt: s.evaluateAt(w.End),
		Counts:   w.Counts, Samples: w.Counts.Samples(),
		Eligible: w.Counts.Eligible(s.At(r.Settings, OtherName, w.End).CountTimeouts),
	}
}
