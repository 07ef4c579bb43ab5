package health

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"

	"github.com/millrace/millrace/views/serve"

	healthcodec "github.com/millrace/millrace/codecs/health"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/views/problem"
)

// Downtime is a time in which an instrument or gateway was, is or will be worse than usual.
type Downtime struct {
	ID         string         `json:"id"`
	Mode       string         `json:"mode"`
	Instrument string         `json:"instrument"`
	Gateway    *string        `json:"gateway" doc:"null for the instrument as a whole"`
	Severity   string         `json:"severity" enum:"@downtime_severity" doc:"low: degraded; medium: traffic comes back; high: none"`
	Status     string         `json:"status" enum:"@downtime_status"`
	Begin      instant.Milli  `json:"begin" format:"date-time"`
	End        *instant.Milli `json:"end" format:"date-time" doc:"null where it is not known yet"`
	Reason     DowntimeReason `json:"reason"`
}

// DowntimeReason says why.
type DowntimeReason struct {
	Code    string          `json:"code" enum:"@downtime_cause"`
	Windows []instant.Milli `json:"windows" nullable:"false" doc:"Ends of the windows that decided"`
	Detail  string          `json:"detail" doc:"For people"`
	By      string          `json:"by,omitempty" doc:"Id of the maintenance or override that it stems from"`
}

// Downtimes is a page of downtimes.
type Downtimes struct {
	Items      []Downtime `json:"items" nullable:"false" doc:"The one that begins last first"`
	NextCursor *string    `json:"next_cursor"`
	AsOf       serve.AsOf `json:"as_of"`
}

type downtimesInput struct {
	serve.Fresh
	serve.Page
	Mode       string `query:"mode" maxLength:"128" doc:"Only this mode; default all"`
	Instrument string `query:"instrument" maxLength:"1024" doc:"Only this instrument and its gateways"`
	Status     string `query:"status" enum:"@downtime_status" doc:"Only this status"`
}

type downtimesOutput struct{ Body Downtimes }

// downtimeList lists what the rows of the modes remember: all that is not over, and of each mode the last that were.
func (s *Routes) downtimeList(ctx context.Context, in *downtimesInput) (*downtimesOutput, error) {
	mode, instrument := serve.Normal(in.Mode), serve.Normal(in.Instrument)
	from := s.Sources.Routing.Whole()
	if mode != "" {
		from = s.Sources.Routing.Holding(mode)
	}
	as, err := s.At(ctx, in.Fresh, from)
	if err != nil {
		return nil, err
	}
	c := serve.CursorOf("downtimes", mode, instrument, in.Status)
	after, err := c.Decode(in.Cursor)
	if err != nil {
		return nil, err
	}
	all, evaluated, err := s.downtimes(mode)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(d health.Downtime) bool {
		return instrument != "" && d.Instrument != instrument || in.Status != "" && d.Status.String() != in.Status
	})
	body := Downtimes{Items: []Downtime{}, AsOf: as.Stamped(evaluated)}
	if after != "" {
		if len(after) <= 8 {
			return nil, problem.Invalid("/query/cursor", "malformed", "not a next_cursor")
		}
		last := health.Downtime{Begin: instant.Milli(binary.BigEndian.Uint64([]byte(after))), ID: after[8:]}
		all = slices.DeleteFunc(all, func(d health.Downtime) bool { return lastFirst(d, last) <= 0 })
	}
	for i := range all[:min(in.Limit, len(all))] {
		body.Items = append(body.Items, downtimeOf(&all[i]))
	}
	if len(all) > in.Limit {
		last := all[in.Limit-1]
		body.NextCursor = c.Encode(string(binary.BigEndian.AppendUint64(nil, uint64(last.Begin))) + last.ID)
	}
	return &downtimesOutput{body}, nil
}

// downtimes returns those of one mode, or of all if it is empty, the one that begins last first, and up to when modes
// were evaluated.
func (s *Routes) downtimes(only string) (all []health.Downtime, evaluated instant.Milli, err error) {
	modes, err := s.Modes(only)
	if err != nil {
		return nil, 0, err
	}
	for _, mode := range modes {
		row, err := s.modeRow(mode)
		if only == "" && serve.Undecodable(err) {
			continue // the other modes are fine
		}
		if err != nil {
			return nil, 0, err
		}
		if row != nil {
			evaluated = max(evaluated, row.Evaluated)
			all = append(all, row.Disruptions()...)
		}
	}
	slices.SortFunc(all, lastFirst)
	return all, evaluated, nil
}

func lastFirst(a, b health.Downtime) int {
	return cmp.Or(cmp.Compare(b.Begin, a.Begin), cmp.Compare(a.ID, b.ID))
}

func downtimeOf(d *health.Downtime) Downtime {
	v := healthcodec.DowntimeView(d)
	return Downtime{
		ID: v.ID, Mode: v.Mode, Instrument: v.Instrument, Gateway: v.Gateway, Severity: v.Severity, Status: v.Status,
		Begin: v.Begin, End: v.End,
		Reason: DowntimeReason(v.Reason),
	}
}
