package health

import (
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
)

// Rules are the settings of a deployment and what was changed of them for one mode. Each window goes by those in force
// at its end, whenever the watermark comes to pass it.
type Rules struct {
	Settings Settings
	// Changes are of one mode, in the order of File.
	Changes []Setting
}

// at returns the settings of a window of an instrument that ends at end.
func (r Rules) at(instrument string, end instant.Milli) Settings {
	return r.Settings.At(r.Changes, instrument, end)
}

// AdvanceTo is AdvanceTo under rules: it stops where settings change, so that nothing hangs on how far the watermark
// goes at once.
func (r Rules) AdvanceTo(row *Row, w instant.Milli) (*Row, []Effect) {
	if row == nil || row.Series == nil {
		return row, nil
	}
	var effects []Effect
	instrument := row.Series.Instrument
	for _, c := range r.Changes {
		last := c.EffectiveFrom.Add(r.Settings.Grace) - 1 // of the settings before
		if c.Instrument != "" && c.Instrument != instrument || c.EffectiveFrom <= row.Series.Open.ClosedTo ||
			last >= w {
			continue
		}
		next, more := AdvanceTo(r.at(instrument, c.EffectiveFrom-1), row, last)
		effects = append(effects, more...)
		if next == nil {
			return nil, effects
		}
		row = next
	}
	next, more := AdvanceTo(r.at(instrument, w.Add(-r.Settings.Grace)), row, w)
	return next, append(effects, more...)
}

// Observe is Observe under rules. A correction goes by the settings that are in force by now.
func (r Rules) Observe(row *Row, a *ledger.Attempt, from Source, w instant.Milli) (*Row, []Effect) {
	row, effects := r.AdvanceTo(row, w)
	next, more := Observe(r.at(a.Instrument, w.Add(-r.Settings.Grace)), row, a, from, w)
	return next, append(effects, more...)
}

// ApplyClosed is ApplyClosed under rules.
func (r Rules) ApplyClosed(row *Row, c *ClosedWindow) (*Row, []Effect) {
	return ApplyClosed(r.at(c.Instrument, c.End), row, c)
}
