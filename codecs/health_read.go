package codecs

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/problem"
)

// ParseHealthEntities reads a list of overrides, of maintenance, of freezes or of health settings, or a single one, from YAML or
// JSON. Everything that is wrong by itself is refused together: the error is then a problem.List whose pointers begin with the
// place in the list.
func ParseHealthEntities(kind catalog.Kind, r io.Reader, cfg catalog.Config) ([]catalog.Entity, error) {
	list, err := readList(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", kind, err)
	}
	var problems problem.List
	entities := make([]catalog.Entity, 0, len(list))
	seen := map[string]bool{}
	for i, node := range list {
		e, found := readHealthEntity(kind, node, cfg)
		if e == nil {
			return nil, fmt.Errorf("%s: %w", kind, errEntity)
		}
		if id := catalog.NewPut("", "", 0, e).EntityID; id != "" {
			if seen[id] && kind != catalog.KindHealthSetting { // settings of several times
				found = append(found, problem.Problem{Code: problem.InvalidField, Detail: "is twice in the file"})
			}
			seen[id] = true
		}
		for _, p := range found {
			p.Pointer = "/" + strconv.Itoa(i) + p.Pointer
			problems = append(problems, p)
		}
		entities = append(entities, e)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return entities, nil
}

// ParseHealthEntity reads one from JSON, with the same checks. Pointers begin at it. id, where it is not empty, is its id unless the
// JSON has one.
func ParseHealthEntity(kind catalog.Kind, b []byte, id string, cfg catalog.Config) (catalog.Entity, error) {
	tree, err := parseJSONTree(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", kind, err)
	}
	if object, ok := tree.(map[string]any); ok && id != "" && object["id"] == nil && (kind == catalog.KindOverride || kind == catalog.KindMaintenance) {
		object["id"] = id
	}
	e, problems := readHealthEntity(kind, tree, cfg)
	switch {
	case e == nil:
		return nil, fmt.Errorf("%s: %w", kind, errEntity)
	case len(problems) > 0:
		return nil, problems
	}
	return e, nil
}

// readHealthEntity returns nil for another kind.
func readHealthEntity(kind catalog.Kind, node any, cfg catalog.Config) (catalog.Entity, problem.List) {
	r := &treeReader{}
	if node == nil {
		r.add("", problem.WrongType, "needs an object")
	}
	var e catalog.Entity
	switch kind {
	case catalog.KindOverride:
		e = r.override(node)
	case catalog.KindMaintenance:
		e = r.maintenance(node)
	case catalog.KindFreeze:
		e = r.freeze(node)
	case catalog.KindHealthSetting:
		e = r.healthSetting(node)
	default:
		return nil, nil
	}
	problems := r.problems
	for _, p := range catalog.Check(e, cfg) {
		if !covered(problems, p.Pointer) {
			problems = append(problems, p)
		}
	}
	return e, problems
}

func (r *treeReader) override(node any) catalog.Entity {
	f := r.object("", node, "id", "mode", "instrument", "gateway", "state", "from", "until", "reason")
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
	f := r.object("", node, "id", "mode", "instrument", "gateway", "begin", "end", "reason")
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
	f := r.object("", node, "mode", "from", "until", "reason")
	var z health.Freeze
	f.text("mode", &z.Mode)
	f.text("reason", &z.Reason)
	f.moment("from", &z.From)
	f.moment("until", &z.Until)
	return catalog.Freeze{Freeze: z}
}

func (r *treeReader) healthSetting(node any) catalog.Entity {
	f := r.object("", node, "mode", "instrument", "effective_from", "settings")
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
		if n, err := strconv.ParseFloat(string(v), 64); err == nil {
			return strconv.FormatFloat(n, 'f', -1, 64), true
		}
		return string(v), true
	default:
		return "", false
	}
}
