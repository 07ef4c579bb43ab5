package health

import (
	"encoding/json"

	"github.com/millrace/millrace/domain/instant"
)

// HealthSettingBody changes settings of a mode or instrument.
type HealthSettingBody struct {
	Mode       string                     `json:"mode"`
	Instrument string                     `json:"instrument,omitempty" doc:"Default: all of the mode"`
	Effective  instant.Milli              `json:"effective_from,omitzero" format:"date-time" doc:"Event time, not before the newest change; default: now"`
	Settings   map[string]json.RawMessage `json:"settings" doc:"By name, as thresholds has them; they replace the change before, and {} takes it back"`
}
