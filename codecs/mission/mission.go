package mission

import (
	"fmt"
	"io"
	"strconv"

	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/problem"
)

// ParseAll reads a list of missions, or a single one, from YAML 1.2 or JSON. Unknown fields, duplicate keys,
// values of the wrong type and everything that mission.Validate finds are refused together: the error is then a
// problem.List whose pointers begin with the place in the list, and whose lines and columns are those of the file.
func ParseAll(r io.Reader) ([]mission.Mission, error) {
	file, err := doc.ReadSource(r)
	if err != nil {
		return nil, fmt.Errorf("missions: %w", err)
	}
	var problems problem.List
	missions := make([]mission.Mission, 0, len(file.Items))
	seen := map[string]bool{}
	for i, node := range file.Items {
		at := "/" + strconv.Itoa(i)
		m, found := readMission(node)
		if m.ID != "" && seen[m.ID] {
			found = append(found, problem.Problem{Pointer: "/id", Code: problem.InvalidField,
				Detail: "is used twice in the file"})
		}
		seen[m.ID] = true
		for _, p := range found {
			p.Pointer = at + p.Pointer
			problems = append(problems, p)
		}
		missions = append(missions, m)
	}
	if len(problems) > 0 {
		return nil, file.Locate(problems)
	}
	return missions, nil
}

// Parse reads one mission from JSON, with the same checks. Pointers begin at the mission.
func Parse(b []byte) (mission.Mission, error) {
	tree, err := doc.ParseJSON(b)
	if err != nil {
		return mission.Mission{}, fmt.Errorf("mission: %w", err)
	}
	m, problems := readMission(tree)
	if len(problems) > 0 {
		return mission.Mission{}, problems
	}
	return m, nil
}

func readMission(node any) (mission.Mission, problem.List) {
	r := &doc.Reader{}
	m := Read(r, "", node)
	problems := r.Problems
	for _, p := range mission.Validate(&m) {
		if !doc.Covered(problems, p.Pointer) { // a value of the wrong type is missing too; once is enough
			problems = append(problems, p)
		}
	}
	return m, problems
}

// JSON returns the canonical JSON of a mission: every field in the order of docs/missions.md, defaults included.
func JSON(m *mission.Mission) []byte { return doc.MustJSON(DocOf(m)) }
