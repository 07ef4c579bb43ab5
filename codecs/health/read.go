package health

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/problem"
)

// ReadOverride reads a forced state.
func ReadOverride(r *doc.Reader, node any) catalog.Entity {
	f := r.Formed("", node, doc.FormOf[OverrideBody]())
	var o health.Override
	f.Text("id", &o.ID)
	f.Text("mode", &o.Mode)
	f.Text("instrument", &o.Instrument)
	f.Text("gateway", &o.Gateway)
	f.Text("reason", &o.Reason)
	f.Moment("from", &o.From)
	f.Moment("until", &o.Until)
	word := ""
	f.Text("state", &word)
	state, known := health.ParseState(word)
	if o.State = state; !known {
		r.Add("/state", problem.InvalidField, "must be up, degraded or down")
	}
	return catalog.Override{Override: o}
}

// ReadMaintenance reads a planned downtime.
func ReadMaintenance(r *doc.Reader, node any) catalog.Entity {
	f := r.Formed("", node, doc.FormOf[MaintenanceBody]())
	var m health.Maintenance
	f.Text("id", &m.ID)
	f.Text("mode", &m.Mode)
	f.Text("instrument", &m.Instrument)
	f.Text("gateway", &m.Gateway)
	f.Text("reason", &m.Reason)
	f.Moment("begin", &m.Begin)
	f.Moment("end", &m.End)
	return catalog.Maintenance{Maintenance: m}
}

// ReadFreeze reads a freeze of a mode.
func ReadFreeze(r *doc.Reader, node any) catalog.Entity {
	f := r.Formed("", node, doc.FormOf[FreezeBody]())
	var z health.Freeze
	f.Text("mode", &z.Mode)
	f.Text("reason", &z.Reason)
	f.Moment("from", &z.From)
	f.Moment("until", &z.Until)
	return catalog.Freeze{Freeze: z}
}

// ReadSetting reads the settings of a mode or an instrument.
func ReadSetting(r *doc.Reader, node any) catalog.Entity {
	f := r.Formed("", node, doc.FormOf[HealthSettingBody]())
	var s health.Setting
	f.Text("mode", &s.Mode)
	f.Text("instrument", &s.Instrument)
	f.Moment("effective_from", &s.EffectiveFrom)
	var values map[string]any
	switch v := f.Values["settings"].(type) {
	case map[string]any:
		values = v
	default:
		r.Add("/settings", problem.WrongType, "needs an object")
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		text, ok := settingText(values[name])
		if !ok {
			r.Add("/settings/"+name, problem.WrongType, "needs a number, true or false, or a text")
			continue
		}
		s.Patch = append(s.Patch, health.Change{Field: name, Value: text})
	}
	return catalog.NewHealthSettings(s)
}

// settingText returns a value as Settings.Fields writes it.
func settingText(node any) (string, bool) {
	switch v := node.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case doc.Number:
		if whole := strings.TrimLeft(string(v), "-+"); len(whole) > 1 && whole[0] == '0' && whole[1] != '.' {
			return "", false // 010, 0x10: another number to other readers
		}
		if n, err := strconv.ParseFloat(string(v), 64); err == nil {
			return strconv.FormatFloat(n, 'f', -1, 64), true
		}
		return string(v), true
	default:
		return "", false
	}
}
