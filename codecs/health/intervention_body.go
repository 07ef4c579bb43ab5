package health

import (
	"github.com/millrace/millrace/domain/instant"
)

// OverrideBody forces the state of an instrument, or of one of its gateways.
type OverrideBody struct {
	ID         string        `json:"id,omitempty" maxLength:"128" doc:"Default: the path's, or a new one"`
	Mode       string        `json:"mode"`
	Instrument string        `json:"instrument,omitempty" required:"true"`
	Gateway    string        `json:"gateway,omitempty" doc:"Default: the instrument as a whole"`
	State      string        `json:"state,omitempty" required:"true" enum:"@forced_state"`
	From       instant.Milli `json:"from,omitzero" format:"date-time" doc:"Event time; default: since it is set, else now"`
	Until      instant.Milli `json:"until,omitzero" required:"true" format:"date-time" doc:"Event time, at most 90 days later"`
	Reason     string        `json:"reason,omitempty" required:"true" maxLength:"500"`
}

// MaintenanceBody is a downtime known beforehand.
type MaintenanceBody struct {
	ID         string        `json:"id,omitempty" maxLength:"128" doc:"Default: the path's, or a new one"`
	Mode       string        `json:"mode"`
	Instrument string        `json:"instrument,omitempty" required:"true"`
	Gateway    string        `json:"gateway,omitempty" doc:"Default: the instrument as a whole"`
	Begin      instant.Milli `json:"begin,omitzero" required:"true" format:"date-time" doc:"Event time"`
	End        instant.Milli `json:"end,omitzero" required:"true" format:"date-time" doc:"Event time, at most 90 days later"`
	Reason     string        `json:"reason,omitempty" required:"true" maxLength:"500"`
}

// FreezeBody stops automatic changes of state in a mode.
type FreezeBody struct {
	Mode   string        `json:"mode"`
	From   instant.Milli `json:"from,omitzero" format:"date-time" doc:"Event time; default: since it is set, else now"`
	Until  instant.Milli `json:"until,omitzero" required:"true" format:"date-time" doc:"Event time, at most 90 days later"`
	Reason string        `json:"reason,omitempty" required:"true" maxLength:"500"`
}
