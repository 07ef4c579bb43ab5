package codecs

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/problem"
)

func (r *treeReader) override(node any) catalog.Entity {
	f := r.formed("", node, formOf[OverrideBody]())
	var o health.Override
	f.text("id", &o.ID)
	f.text("mode", &o.Mode)
	f.text("instrument", &o.Instrument)
	f.text("gateway", &o.Gateway)
	f.text("reason", &o.Reason)
	f.moment("from", &o.From)
	f.moment("until", &o.Until)
	word := ""
	f.text("state", &word)
	state, known := health.ParseState(word)
	if o.State = state; !known {
		r.add("/state", problem.InvalidField, "must be up, degraded or down")
	}
	return catalog.Override{Override: o}
}

func (r *treeReader) maintenance(node any) catalog.Entity {
	f := r.formed("", node, formOf[MaintenanceBody]())
	var m health.Maintenance
	f.text("id", &m.ID)
	f.text("mode", &m.Mode)
	f.text("instrument", &m.Instrument)
	f.text("gateway", &m.Gateway)
	f.text("reason", &m.Reason)
	f.moment("begin", &m.Begin)
	f.moment("end", &m.End)
	return catalog.Maintenance{Maintenance: m}
}

func (r *treeReader) freeze(node any) catalog.Entity {
	f := r.formed("", node, formOf[FreezeBody]())
	var z health.Freeze
	f.text("mode", &z.Mode)
	f.text("reason", &z.Reason)
	f.moment("from", &z.From)
	f.moment("until", &z.Until)
	return catalog.Freeze{Freeze: z}
}

func (r *treeReader) healthSetting(node any) catalog.Entity {
	f := r.formed("", node, formOf[HealthSettingBody]())
	var s health.Setting
	f.text("mode", &s.Mode)
	f.text("instrument", &s.Instrument)
	f.moment("effective_from", &s.EffectiveFrom)
	var values map[string]any
	switch v := f.values["settings"].(type) {
	case map[string]any:
		values = v
	default:
		r.add("/settings", problem.WrongType, "needs an object")
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		text, ok := settingText(values[name])
		if !ok {
			r.add("/settings/"+name, problem.WrongType, "needs a number, true or false, or a text")
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
	case number:
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
