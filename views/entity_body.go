package views

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/domain/instant"
)

// OverrideBody forces the state of an instrument, or of one of its gateways.
type OverrideBody struct {
	ID         string         `json:"id,omitempty" maxLength:"128" doc:"Default: the path's, or a new one"`
	Mode       string         `json:"mode"`
	Instrument string         `json:"instrument"`
	Gateway    string         `json:"gateway,omitempty" doc:"Default: the instrument as a whole"`
	State      string         `json:"state" enum:"up,degraded,down"`
	From       *instant.Milli `json:"from,omitempty" format:"date-time" doc:"Event time; default: since it is set, else now"`
	Until      instant.Milli  `json:"until" format:"date-time" doc:"Event time, at most 90 days later"`
	Reason     string         `json:"reason" maxLength:"500"`
}

// MaintenanceBody is a downtime known beforehand.
type MaintenanceBody struct {
	ID         string        `json:"id,omitempty" maxLength:"128" doc:"Default: the path's, or a new one"`
	Mode       string        `json:"mode"`
	Instrument string        `json:"instrument"`
	Gateway    string        `json:"gateway,omitempty" doc:"Default: the instrument as a whole"`
	Begin      instant.Milli `json:"begin" format:"date-time" doc:"Event time"`
	End        instant.Milli `json:"end" format:"date-time" doc:"Event time, at most 90 days later"`
	Reason     string        `json:"reason" maxLength:"500"`
}

// FreezeBody stops automatic changes of state in a mode.
type FreezeBody struct {
	Mode   string         `json:"mode"`
	From   *instant.Milli `json:"from,omitempty" format:"date-time" doc:"Event time; default: since it is set, else now"`
	Until  instant.Milli  `json:"until" format:"date-time" doc:"Event time, at most 90 days later"`
	Reason string         `json:"reason" maxLength:"500"`
}

// HealthSettingBody changes settings of a mode or instrument.
type HealthSettingBody struct {
	Mode       string         `json:"mode"`
	Instrument string         `json:"instrument,omitempty" doc:"Default: all of the mode"`
	Effective  *instant.Milli `json:"effective_from,omitempty" format:"date-time" doc:"Event time, not before the newest change; default: now"`
	Settings   map[string]any `json:"settings" doc:"By name, as thresholds has them; they replace the change before, and {} takes it back"`
}

// registerWrite adds an operation. Its body, if it has one, is read by the catalog's own reader, and described here.
func registerWrite[In any](c collection, op huma.Operation, handler func(context.Context, *In) (*writtenOutput, error)) {
	huma.Register(c.server.api, op, handler)
	if op.Method == http.MethodDelete {
		c.body = nil
	}
	c.server.written(op, c.body, c.answer)
}
