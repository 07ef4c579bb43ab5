package codecs

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
)

// errDowntime is a downtime with a word, or a number for one, that this version does not know.
var errDowntime = errors.New("codecs: unknown severity, status or reason of a downtime")

// Downtime is the codec of `downtimes`: an item of GET /v1/downtimes (CONTRACT.md).
type Downtime struct{}

// DowntimeJSON is a downtime as outsiders see it.
type DowntimeJSON struct {
	ID         string             `json:"id"`
	Mode       string             `json:"mode"`
	Instrument string             `json:"instrument"`
	Gateway    *string            `json:"gateway"`
	Severity   string             `json:"severity"`
	Status     string             `json:"status"`
	Begin      instant.Milli      `json:"begin"`
	End        *instant.Milli     `json:"end"`
	Reason     DowntimeReasonJSON `json:"reason"`
}

// DowntimeReasonJSON says why: a code, the ends of the windows that decided, and words. By is the id of the maintenance or
// override that it stems from, empty if it is of an evaluation.
type DowntimeReasonJSON struct {
	Code    string          `json:"code"`
	Windows []instant.Milli `json:"windows"`
	Detail  string          `json:"detail"`
	By      string          `json:"by,omitempty"`
}

// DowntimeView returns d in its public form.
func DowntimeView(d *health.Downtime) DowntimeJSON {
	out := DowntimeJSON{
		ID: d.ID, Mode: d.Mode, Instrument: d.Instrument, Severity: d.Severity.String(), Status: d.Status.String(), Begin: d.Begin,
		Reason: DowntimeReasonJSON{Code: d.Cause.String(), Windows: d.Windows, Detail: d.Reason, By: d.By},
	}
	if out.Reason.Windows == nil {
		out.Reason.Windows = []instant.Milli{}
	}
	if d.Gateway != "" {
		gateway := d.Gateway
		out.Gateway = &gateway
	}
	if d.End != 0 {
		end := d.End
		out.End = &end
	}
	return out
}

// Encode returns d as JSON.
func (Downtime) Encode(d *health.Downtime) ([]byte, error) { return json.Marshal(DowntimeView(d)) }

// Decode returns the downtime in b.
func (Downtime) Decode(b []byte) (*health.Downtime, error) {
	var in DowntimeJSON
	if err := json.Unmarshal(b, &in); err != nil {
		return nil, fmt.Errorf("downtime: %w", err)
	}
	d := &health.Downtime{
		ID: in.ID, Mode: in.Mode, Instrument: in.Instrument, Begin: in.Begin, By: in.Reason.By, Reason: in.Reason.Detail,
		Severity: numberOf(in.Severity, health.Low, health.High), Status: numberOf(in.Status, health.Scheduled, health.Resolved),
		Cause: numberOf(in.Reason.Code, health.ByRate, health.ByOverride),
	}
	if d.Severity == 0 || d.Status == 0 || d.Cause == 0 {
		return nil, fmt.Errorf("downtime: %w", errDowntime)
	}
	d.Begun = d.Status == health.Started
	if len(in.Reason.Windows) > 0 {
		d.Windows = in.Reason.Windows
	}
	if in.Gateway != nil {
		d.Gateway = *in.Gateway
	}
	if in.End != nil {
		d.End = *in.End
	}
	return d, nil
}

// numberOf returns the value from first to last whose word it is, 0 if there is none.
func numberOf[T interface {
	~uint8
	String() string
}](word string, first, last T) T {
	for v := first; v <= last; v++ {
		if v.String() == word {
			return v
		}
	}
	return 0
}

// Fields of a downtime within a mode row.
const (
	downtimeID         = 1
	downtimeMode       = 2
	downtimeInstrument = 3
	downtimeGateway    = 4
	downtimeSeverity   = 5
	downtimeStatus     = 6
	downtimeBegin      = 7
	downtimeEnd        = 8
	downtimeCause      = 9
	downtimeBy         = 10
	downtimeWindow     = 11
	downtimeReason     = 12
	downtimeBegun      = 13
)

func writeDowntime(w *wire.Writer, d *health.Downtime) {
	w.String(downtimeID, d.ID)
	w.String(downtimeMode, d.Mode)
	w.String(downtimeInstrument, d.Instrument)
	w.String(downtimeGateway, d.Gateway)
	w.Uint(downtimeSeverity, uint64(d.Severity))
	w.Uint(downtimeStatus, uint64(d.Status))
	w.Int(downtimeBegin, int64(d.Begin))
	w.Int(downtimeEnd, int64(d.End))
	w.Uint(downtimeCause, uint64(d.Cause))
	w.String(downtimeBy, d.By)
	for _, end := range d.Windows {
		w.Message(downtimeWindow, func(w *wire.Writer) { w.Int(1, int64(end)) })
	}
	w.String(downtimeReason, d.Reason)
	w.Bool(downtimeBegun, d.Begun)
}

func readDowntime(f wire.Field, d *health.Downtime) error {
	switch f.Number {
	case downtimeID:
		d.ID = f.String()
	case downtimeMode:
		d.Mode = f.String()
	case downtimeInstrument:
		d.Instrument = f.String()
	case downtimeGateway:
		d.Gateway = f.String()
	case downtimeSeverity:
		return readWord(f, &d.Severity, health.High)
	case downtimeStatus:
		return readWord(f, &d.Status, health.Resolved)
	case downtimeBegin:
		d.Begin = instant.Milli(f.Int())
	case downtimeEnd:
		d.End = instant.Milli(f.Int())
	case downtimeCause:
		return readWord(f, &d.Cause, health.ByOverride)
	case downtimeBy:
		d.By = f.String()
	case downtimeWindow:
		var end instant.Milli
		err := f.Message(func(f wire.Field) error {
			if f.Number == 1 {
				end = instant.Milli(f.Int())
			}
			return nil
		})
		d.Windows = append(d.Windows, end)
		return err
	case downtimeReason:
		d.Reason = f.String()
	case downtimeBegun:
		d.Begun = f.Bool()
	}
	return nil
}

func readWord[T ~uint8](f wire.Field, to *T, last T) error {
	if f.Uint() > uint64(last) {
		return errDowntime
	}
	*to = T(f.Uint())
	return nil
}
