package docs

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"

	healthcodec "github.com/millrace/millrace/codecs/health"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/window/script"
	"github.com/millrace/millrace/views/problem"
)

// example returns the first code block of a language that a section of a page has.
func example(t *testing.T, page, section, language string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "\n## "+section+"\n")
	rest, _, _ = strings.Cut(rest, "\n## ")
	m := regexp.MustCompile("(?s)\n```" + language + "\n(.*?)\n```\n").FindStringSubmatch(rest)
	if !found || m == nil {
		t.Fatalf("%s, %s: no block of %q", page, section, language)
	}
	return m[1]
}

func TestWindowRecordOfTheContract(t *testing.T) {
	text := example(t, "contract.md", "Topics", "json")
	record, err := (healthcodec.WindowRecord{}).Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	again, err := (healthcodec.WindowRecord{}).Encode(record)
	if diff := cmp.Diff(strings.ReplaceAll(strings.ReplaceAll(text, "\n", ""), `, "`, `,"`), string(again)); diff != "" || err != nil {
		t.Errorf("%v (-page +codec):\n%s", err, diff)
	}
}

func TestProblemOfTheContract(t *testing.T) {
	d := json.NewDecoder(strings.NewReader(example(t, "contract.md", "Problems", "json")))
	d.DisallowUnknownFields()
	var p problem.Problem
	if err := d.Decode(&p); err != nil {
		t.Fatal(err)
	}
	made := problem.New(p.Status, p.Code, p.Detail)
	if made.Type != p.Type || made.Title != p.Title {
		t.Errorf("type %q, title %q; want %q, %q", p.Type, p.Title, made.Type, made.Title)
	}
}

// The mission that the page shows with all defaults is the one of the tour, which leaves them out.
func TestMissionExampleShowsTheDefaults(t *testing.T) {
	parse := func(text string) []mission.Mission {
		missions, err := missioncodec.ParseAll(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return missions
	}
	tour, err := os.ReadFile("../examples/missions/swiggy-500.yaml")
	if err != nil {
		t.Fatal(err)
	}
	shown := example(t, "missions.md", "Example", "yaml")
	if diff := cmp.Diff(parse(string(tour)), parse(shown)); diff != "" {
		t.Errorf("(-tour +page):\n%s", diff)
	}
	for _, name := range []string{"grant", "enrolment", "limits", "audience", "debt", "time_zone"} {
		if !strings.Contains(shown, "\n  "+name+": ") {
			t.Errorf("the page's mission does not show %s", name)
		}
	}
}

func TestWindowScriptOfTheContract(t *testing.T) {
	if _, err := script.Run(example(t, "contract.md", "Window scripts", "")); err != nil {
		t.Error(err)
	}
}
