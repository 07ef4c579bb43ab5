package views

import (
	"time"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
)

// Window is a closed window: the value of its record on `health-windows` or `health-corrections`.
type Window struct {
	Mode          string              `json:"mode"`
	Instrument    string              `json:"instrument"`
	Gateway       string              `json:"gateway"`
	Start         Moment              `json:"start" format:"date-time"`
	End           Moment              `json:"end" format:"date-time" doc:"Excluded"`
	ClosedAt      Moment              `json:"closed_at" format:"date-time"`
	Revision      int64               `json:"revision" doc:"0 as it closed; one more with each late attempt"`
	Success       int64               `json:"success"`
	Technical     int64               `json:"technical"`
	Business      int64               `json:"business"`
	Timeout       int64               `json:"timeout"`
	Samples       int64               `json:"samples"`
	Eligible      int64               `json:"eligible"`
	RawRate       *float64            `json:"raw_rate" doc:"success / samples; null without samples"`
	TechnicalRate *float64            `json:"technical_rate" doc:"success / eligible; null without eligible samples"`
	LatencyMS     Latency             `json:"latency_ms"`
	SourceOffsets map[string][2]int64 `json:"source_offsets" doc:"First and last offset counted, by topic-partition"`
}

// Latency holds quantiles in milliseconds, null where nothing was measured.
type Latency struct {
	P50 *int64 `json:"p50"`
	P95 *int64 `json:"p95"`
	P99 *int64 `json:"p99"`
}

func windowOf(r *health.WindowRecord) Window {
	raw, hasRaw := r.RawRate()
	technical, hasTechnical := r.TechnicalRate()
	w := Window{
		Mode: r.Mode, Instrument: r.Instrument, Gateway: r.Gateway, Start: Moment(r.Start), End: Moment(r.End), ClosedAt: Moment(r.ClosedAt), Revision: r.Revision,
		Success: r.Counts.Success, Technical: r.Counts.Technical, Business: r.Counts.Business, Timeout: r.Counts.Timeout,
		Samples: r.Samples, Eligible: r.Eligible, RawRate: optional(raw, hasRaw), TechnicalRate: optional(technical, hasTechnical),
		LatencyMS: Latency{
			P50: optional(r.Latency.P50, r.Latency.Known), P95: optional(r.Latency.P95, r.Latency.Known), P99: optional(r.Latency.P99, r.Latency.Known),
		},
		SourceOffsets: map[string][2]int64{},
	}
	for _, src := range r.Sources {
		w.SourceOffsets[src.Name()] = [2]int64{src.First, src.Last}
	}
	return w
}

// Moment is a time that is always known: the epoch, as which instant.Milli means "not set", is one like any other.
type Moment instant.Milli

// MarshalText implements encoding.TextMarshaler.
func (m Moment) MarshalText() ([]byte, error) {
	return time.UnixMilli(int64(m)).UTC().AppendFormat(nil, instant.Layout), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *Moment) UnmarshalText(b []byte) error { return (*instant.Milli)(m).UnmarshalText(b) }
