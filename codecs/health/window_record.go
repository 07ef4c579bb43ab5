package health

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/window"
)

// WindowRecord is the codec of `health-windows` and `health-corrections`: JSON as docs/contract.md#topics shows it. A
// silent record, on `health-windows` alone, has a shape of its own, SilenceJSON.
type WindowRecord struct{}

// WindowRecordJSON is a window record as outsiders see it.
type WindowRecordJSON struct {
	Mode          string              `json:"mode"`
	Instrument    string              `json:"instrument"`
	Gateway       string              `json:"gateway"`
	Start         recordTime          `json:"start" format:"date-time"`
	End           recordTime          `json:"end" format:"date-time" doc:"Excluded; the timestamp of the record"`
	ClosedAt      recordTime          `json:"closed_at" format:"date-time" doc:"The watermark that closed it"`
	Revision      int64               `json:"revision" minimum:"0" doc:"0 on health-windows; corrections of late events count up from 1"`
	Success       int64               `json:"success" minimum:"0"`
	Technical     int64               `json:"technical" minimum:"0"`
	Business      int64               `json:"business" minimum:"0"`
	Timeout       int64               `json:"timeout" minimum:"0" doc:"Pending for too long"`
	Samples       int64               `json:"samples" minimum:"0" doc:"All attempts"`
	Eligible      int64               `json:"eligible" minimum:"0" doc:"Those for which the bank can be blamed: all but business"`
	RawRate       *float64            `json:"raw_rate" minimum:"0" maximum:"1" doc:"Share of success among samples; null without any"`
	TechnicalRate *float64            `json:"technical_rate" minimum:"0" maximum:"1" doc:"Share of success among eligible; null without any"`
	LatencyMS     LatencyJSON         `json:"latency_ms"`
	SourceOffsets map[string][2]int64 `json:"source_offsets" doc:"By topic-partition: first and last offset of what was counted"`
}

// SilenceJSON is a silent record as outsiders see it: told by its field `silent`.
type SilenceJSON struct {
	Mode       string     `json:"mode"`
	Instrument string     `json:"instrument"`
	Gateway    string     `json:"gateway"`
	Silent     PeriodJSON `json:"silent" doc:"No traffic in this time, and none until the next record"`
	ClosedAt   recordTime `json:"closed_at" format:"date-time"`
}

// PeriodJSON is the time from From to To, To excluded.
type PeriodJSON struct {
	From recordTime `json:"from" format:"date-time"`
	To   recordTime `json:"to" format:"date-time" doc:"Excluded"`
}

// LatencyJSON holds quantiles in milliseconds, null where nothing was measured.
type LatencyJSON struct {
	P50 *int64 `json:"p50"`
	P95 *int64 `json:"p95"`
	P99 *int64 `json:"p99"`
}

// recordTime is an event time that is always written out: unlike instant.Milli it has no "not set", for a window may
// start at the epoch itself.
type recordTime instant.Milli

// MarshalText returns t in RFC 3339, UTC, with milliseconds.
func (t recordTime) MarshalText() ([]byte, error) {
	return time.UnixMilli(int64(t)).UTC().AppendFormat(nil, instant.Layout), nil
}

// UnmarshalText takes RFC 3339.
func (t *recordTime) UnmarshalText(b []byte) error {
	at, err := time.Parse(time.RFC3339Nano, string(b))
	*t = recordTime(at.UnixMilli())
	return err
}

// counts returns where the attempts of each outcome stand; nothing stands at 0.
func (r *WindowRecordJSON) counts() [ledger.OutcomeEnd]*int64 {
	return [ledger.OutcomeEnd]*int64{
		ledger.Succeeded: &r.Success, ledger.FailedTechnical: &r.Technical, ledger.FailedBusiness: &r.Business,
		ledger.TimedOut: &r.Timeout,
	}
}

// windowForm returns r in its public form.
func windowForm(r *health.WindowRecord) WindowRecordJSON {
	out := WindowRecordJSON{
		Mode: r.Mode, Instrument: r.Instrument, Gateway: r.Gateway,
		Start: recordTime(r.Start), End: recordTime(r.End), ClosedAt: recordTime(r.ClosedAt), Revision: r.Revision,
		Samples: r.Samples, Eligible: r.Eligible, SourceOffsets: make(map[string][2]int64, len(r.Sources)),
	}
	for o, n := range out.counts() {
		if n != nil {
			*n = r.Counts[o]
		}
	}
	if rate, ok := r.RawRate(); ok {
		out.RawRate = &rate
	}
	if rate, ok := r.TechnicalRate(); ok {
		out.TechnicalRate = &rate
	}
	if q := r.Latency; q.Known {
		out.LatencyMS = LatencyJSON{&q.P50, &q.P95, &q.P99}
	}
	for _, s := range r.Sources {
		out.SourceOffsets[s.Name()] = [2]int64{s.First, s.Last}
	}
	return out
}

// Encode returns r as JSON.
func (WindowRecord) Encode(r *health.WindowRecord) ([]byte, error) {
	if r.Silent {
		return json.Marshal(SilenceJSON{
			r.Mode, r.Instrument, r.Gateway, PeriodJSON{recordTime(r.Start), recordTime(r.End)}, recordTime(r.ClosedAt),
		})
	}
	return json.Marshal(windowForm(r))
}

// Decode returns the window record in b. Rates are not read: they follow from the counts.
func (WindowRecord) Decode(b []byte) (*health.WindowRecord, error) {
	var in struct {
		WindowRecordJSON
		Silent *PeriodJSON `json:"silent"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return nil, fmt.Errorf("window record: %w", err)
	}
	if in.Silent != nil {
		return silenceOf(&in.WindowRecordJSON, in.Silent), nil
	}
	r := &health.WindowRecord{
		Path:     health.Path{Mode: in.Mode, Instrument: in.Instrument, Gateway: in.Gateway},
		ClosedAt: instant.Milli(in.ClosedAt), Revision: in.Revision,
		Samples: in.Samples, Eligible: in.Eligible,
	}
	for o, n := range in.counts() {
		if n != nil {
			r.Counts[o] = *n
		}
	}
	r.Start, r.End = instant.Milli(in.Start), instant.Milli(in.End)
	if l := in.LatencyMS; l.P50 != nil && l.P95 != nil && l.P99 != nil {
		r.Latency = health.Quantiles{P50: *l.P50, P95: *l.P95, P99: *l.P99, Known: true}
	}
	for name, offsets := range in.SourceOffsets {
		i := strings.LastIndexByte(name, '-')
		partition, err := strconv.ParseInt(name[i+1:], 10, 32)
		if i < 0 || err != nil {
			return nil, fmt.Errorf("window record: source %q is not topic-partition", name)
		}
		r.Sources = append(r.Sources, health.SourceRange{
			Topic: name[:i], Partition: int32(partition), First: offsets[0], Last: offsets[1],
		})
	}
	slices.SortFunc(r.Sources, func(a, b health.SourceRange) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
	})
	return r, nil
}

func silenceOf(in *WindowRecordJSON, silent *PeriodJSON) *health.WindowRecord {
	return &health.WindowRecord{
		Path:     health.Path{Mode: in.Mode, Instrument: in.Instrument, Gateway: in.Gateway},
		ClosedAt: instant.Milli(in.ClosedAt),
		Span:     window.Span{Start: instant.Milli(silent.From), End: instant.Milli(silent.To)}, Silent: true,
	}
}

// Forms returns those of a window and of a silence.
func (WindowRecord) Forms() []doc.Form {
	return []doc.Form{doc.FormOf[WindowRecordJSON](), doc.FormOf[SilenceJSON]()}
}
