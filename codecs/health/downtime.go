package health

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/word"
)

// errDowntime is a downtime with a word, or a number for one, that this version does not know.
var errDowntime = errors.New("codecs: unknown severity, status or reason of a downtime")

// Downtime is the codec of `downtimes`: an item of GET /v1/downtimes (docs/contract.md#topics).
type Downtime struct{}

// DowntimeJSON is a downtime as outsiders see it.
type DowntimeJSON struct {
	ID         string             `json:"id"`
	Mode       string             `json:"mode"`
	Instrument string             `json:"instrument"`
	Gateway    *string            `json:"gateway" doc:"null for the instrument as a whole"`
	Severity   string             `json:"severity" enum:"@downtime_severity"`
	Status     string             `json:"status" enum:"@downtime_status"`
	Begin      instant.Milli      `json:"begin" format:"date-time"`
	End        *instant.Milli     `json:"end" format:"date-time" doc:"null while it goes on"`
	Reason     DowntimeReasonJSON `json:"reason"`
}

// DowntimeReasonJSON says why: a code, the ends of the windows that decided, and words. By is the id of the maintenance
// or override that it stems from, empty if it is of an evaluation.
type DowntimeReasonJSON struct {
	Code    string          `json:"code" enum:"@downtime_cause"`
	Windows []instant.Milli `json:"windows" format:"date-time" doc:"Ends of the windows that decided"`
	Detail  string          `json:"detail" doc:"For people"`
	By      string          `json:"by,omitempty" doc:"Id of the maintenance or override that it stems from"`
}

// DowntimeView returns d in its public form.
func DowntimeView(d *health.Downtime) DowntimeJSON {
	out := DowntimeJSON{
		ID: d.ID, Mode: d.Mode, Instrument: d.Instrument, Severity: d.Severity.String(), Status: d.Status.String(),
		Begin:  d.Begin,
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
		ID: in.ID, Mode: in.Mode, Instrument: in.Instrument, Begin: in.Begin, By: in.Reason.By,
		Reason:   in.Reason.Detail,
		Severity: word.Number[health.Severity](in.Severity, health.Severities()),
		Status:   word.Number[health.DowntimeStatus](in.Status, health.DowntimeStatuses()),
		Cause:    word.Number[health.Cause](in.Reason.Code, health.Causes()),
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

// What a packed downtime has.
const (
	downtimeBegun uint64 = 1 << iota
	downtimeOfMode
	downtimeHashed
)

// downtimePacked is a downtime of a mode row. Ids are hashes, but for those that others made.
func downtimePacked(p *packed, d *health.Downtime, r *health.ModeRow) {
	var has uint64
	if d.Begun {
		has |= downtimeBegun
	}
	if d.Mode == r.Mode {
		has |= downtimeOfMode
	}
	hash, ok := hashOf(d.ID)
	if ok {
		has |= downtimeHashed
	}
	if p.uint(&has); !p.writes {
		d.Begun, d.Mode, hash = has&downtimeBegun != 0, r.Mode, make([]byte, downtimeHash)
	}
	if has&downtimeHashed == 0 {
		p.word(&d.ID)
	} else if p.raw(hash); !p.writes {
		d.ID = downtimePrefix + hex.EncodeToString(hash)
	}
	if has&downtimeOfMode == 0 {
		p.word(&d.Mode)
	}
	p.word(&d.Instrument)
	p.word(&d.Gateway)
	p.kind((*uint8)(&d.Severity), uint8(health.High))
	p.kind((*uint8)(&d.Status), uint8(health.Resolved))
	p.kind((*uint8)(&d.Cause), uint8(health.ByOverride))
	p.time(&d.Begin, r.Evaluated)
	p.time(&d.End, r.Evaluated)
	p.word(&d.By)
	p.word(&d.Reason)
	ends := times{last: int64(r.Evaluated)}
	packedList(p, &d.Windows, func(end *instant.Milli) { ends.next(p, end) })
}

const (
	downtimePrefix = "dt_"
	downtimeHash   = 8 // bytes
)

// hashOf returns the hash that an id is made of, false if it is none.
func hashOf(id string) ([]byte, bool) {
	text, ok := strings.CutPrefix(id, downtimePrefix)
	if !ok || len(text) != 2*downtimeHash {
		return nil, false
	}
	hash, err := hex.DecodeString(text)
	return hash, err == nil && hex.EncodeToString(hash) == text
}

// Forms returns the one that there is.
func (Downtime) Forms() []doc.Form { return []doc.Form{doc.FormOf[DowntimeJSON]()} }
