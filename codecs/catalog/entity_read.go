package catalog

import (
	"fmt"
	"io"
	"strconv"

	"github.com/millrace/millrace/codecs/doc"
	healthcodec "github.com/millrace/millrace/codecs/health"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/problem"
)

// ParseEntities reads a list of entities of one kind, or a single one, from YAML or JSON. Everything that is wrong by
// itself is refused together: the error is then a problem.List whose pointers begin with the place in the list.
func ParseEntities(kind catalog.Kind, r io.Reader, cfg catalog.Config) ([]catalog.Entity, error) {
	file, err := doc.ReadSource(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", kind, err)
	}
	var problems problem.List
	entities := make([]catalog.Entity, 0, len(file.Items))
	seen := map[string]bool{}
	for i, node := range file.Items {
		e, found := readEntity(kind, node, cfg)
		if e == nil {
			return nil, fmt.Errorf("%s: %w", kind, errEntity)
		}
		if id := catalog.NewPut("", "", 0, e).EntityID; id != "" {
			if seen[id] && kind != catalog.KindHealthSetting { // settings of several times
				p := problem.Problem{Code: problem.InvalidField, Detail: "is used twice in the file"}
				if values, _ := node.(map[string]any); values["id"] != nil { // else it is named after its place
					p.Pointer = "/id"
				}
				found = append(found, p)
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
		return nil, file.Locate(problems)
	}
	return entities, nil
}

// ParseEntity reads one from JSON, with the same checks. Pointers begin at it. id, where it is not empty, is its id
// unless the JSON has one; what is of a mode or instrument has none.
func ParseEntity(kind catalog.Kind, b []byte, id string, cfg catalog.Config) (catalog.Entity, error) {
	tree, err := doc.ParseJSON(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", kind, err)
	}
	if object, ok := tree.(map[string]any); ok && id != "" && object["id"] == nil && kind != catalog.KindFreeze &&
		kind != catalog.KindHealthSetting {
		object["id"] = id
	}
	e, problems := readEntity(kind, tree, cfg)
	switch {
	case e == nil:
		return nil, fmt.Errorf("%s: %w", kind, errEntity)
	case len(problems) > 0:
		return nil, problems
	}
	return e, nil
}

// readEntity returns nil for a kind that it does not know.
func readEntity(kind catalog.Kind, node any, cfg catalog.Config) (catalog.Entity, problem.List) {
	r := &doc.Reader{}
	if node == nil {
		r.Add("", problem.WrongType, "needs an object")
	}
	e := readFields(r, kind, node)
	if e == nil {
		return nil, nil
	}
	problems := r.Problems
	e, missing := catalog.Resolve(e, cfg)
	problems = append(problems, missing...)
	for _, p := range catalog.Check(e, cfg) {
		if !doc.Covered(problems, p.Pointer) { // a value of the wrong type is missing too; once is enough
			problems = append(problems, p)
		}
	}
	for _, p := range catalog.CheckReferences(e, cfg) {
		if !doc.Covered(problems, p.Pointer) {
			problems = append(problems, p)
		}
	}
	return e, problems
}

func readFields(r *doc.Reader, kind catalog.Kind, node any) catalog.Entity {
	switch kind {
	case catalog.KindMission:
		return readMissionEntity(r, node)
	case catalog.KindBrand:
		return readBrand(r, node)
	case catalog.KindAd:
		return readAd(r, node)
	case catalog.KindPool:
		return readPool(r, node)
	case catalog.KindRewardTemplate:
		return readRewardTemplate(r, node)
	case catalog.KindOverride:
		return healthcodec.ReadOverride(r, node)
	case catalog.KindMaintenance:
		return healthcodec.ReadMaintenance(r, node)
	case catalog.KindFreeze:
		return healthcodec.ReadFreeze(r, node)
	case catalog.KindHealthSetting:
		return healthcodec.ReadSetting(r, node)
	case catalog.KindTaskPause:
		return readPause(r, node)
	default:
		return nil
	}
}

// readMissionEntity reads a mission as commands ask for it. Without a status it stays as it is, and begins as a draft.
func readMissionEntity(r *doc.Reader, node any) catalog.Entity {
	e := catalog.NewMission(missioncodec.Read(r, "", node))
	values, _ := node.(map[string]any)
	if values["status"] == nil {
		e.History.Status = ""
	}
	f := doc.Object{Reader: r, Values: values}
	if m := e.Definition(); values["time_zone"] == nil && m.NeedsZone() {
		e.Assumed = append(e.Assumed, "time_zone is not given: its days and local times are those of UTC")
	}
	f.Moment("activate_at", &e.ScheduledAt)
	f.Moment("in_force_from", &e.Versions[0].From)
	f.Boolean("backdated", &e.Versions[0].Backdated)
	f.Text("reason", &e.Reason)
	return e
}
