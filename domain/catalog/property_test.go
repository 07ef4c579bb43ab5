package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/verdict"
)

// documented is a config whose audit compares the fields of Go.
func documented() Config {
	cfg := DefaultConfig()
	cfg.Document = func(e Entity) []byte {
		b, err := json.Marshal(e)
		if err != nil {
			panic(err)
		}
		return b
	}
	return cfg
}

// nothing is the place of nothing in a document.
type nothing struct{}

func parsed(document []byte) any {
	var v any = nothing{}
	if document != nil {
		d := json.NewDecoder(bytes.NewReader(document))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			panic(err)
		}
	}
	return v
}

func field(object map[string]any, name string) any {
	if v, ok := object[name]; ok {
		return v
	}
	return nothing{}
}

// replay folds lines of the audit into the document that they lead to.
func replay(lines []*audit.Line) any {
	var document any = nothing{}
	for _, line := range lines {
		for _, d := range line.Differences {
			document = patched(document, strings.Split(d.Pointer, "/")[1:], d)
		}
	}
	return document
}

func patched(node any, path []string, d audit.Difference) any {
	value := parsed(nil)
	if d.After != "" {
		value = parsed([]byte(d.After))
	}
	if len(path) == 0 {
		return value
	}
	object := node.(map[string]any)
	name := strings.NewReplacer("~1", "/", "~0", "~").Replace(path[0])
	next := patched(field(object, name), path[1:], d)
	if next == (nothing{}) {
		delete(object, name)
	} else {
		object[name] = next
	}
	return object
}

// anyCommand draws a command on one of the entities b, a and m, of each kind that there is.
func anyCommand(t *rapid.T, i int) *Command {
	id := fmt.Sprint("c", rapid.IntRange(i/2, i).Draw(t, "id")) // often one that was there
	at := instant.Milli(1000 + rapid.Int64Range(0, 30).Draw(t, "at"))
	word := rapid.SampledFrom([]string{"x", "y/z", "~"})
	state := rapid.SampledFrom([]string{StatusDraft, StatusActive, StatusArchived, "gone"}).Draw(t, "state")
	var c *Command
	switch rapid.IntRange(0, 6).Draw(t, "kind") {
	case 0:
		c = NewPut(id, "ops", at, Brand{BrandID: "b", Name: word.Draw(t, "name"), Merchants: rapid.SliceOfN(word, 0, 3).Draw(t, "merchants"), State: state})
	case 1:
		c = NewPut(id, "ops", at, Ad{AdID: "a", Title: word.Draw(t, "title"), Placement: "home", Priority: rapid.Int64Range(-1, 2).Draw(t, "priority"), State: state})
	case 2:
		c = NewWithdrawal(id, "ops", at, KindBrand, "b")
	case 3:
		c = NewMove(id, "ops", at, rapid.SampledFrom([]Op{Activate, Pause, Resume, End, Archive}).Draw(t, "op"), "m", instant.Milli(rapid.Int64Range(990, 1050).Draw(t, "when")))
	case 4:
		c = NewCodes(id, "ops", at, "p", rapid.SliceOfN(rapid.SampledFrom([]string{"A", "B", ""}), 0, 3).Draw(t, "codes"))
	case 5:
		c = NewPut(id, "ops", at, Pool{PoolID: "p", Title: word.Draw(t, "title"), State: state})
	default:
		m := definition(rapid.SampledFrom(append(statuses(), "")).Draw(t, "status"))
		m.Title = word.Draw(t, "title")
		e := NewMission(m)
		e.Versions[0].From, e.Versions[0].Backdated = instant.Milli(rapid.Int64Range(0, 1).Draw(t, "from")*20_000), rapid.Bool().Draw(t, "backdated")
		if m.Status == mission.Scheduled {
			e.ScheduledAt = instant.Milli(rapid.Int64Range(0, 1100).Draw(t, "scheduled"))
		}
		c = NewPut(id, "ops", at, e)
	}
	c.Reason = word.Draw(t, "why")
	if rapid.IntRange(0, 4).Draw(t, "match") == 0 {
		c.Expected = rapid.Int64Range(ExpectSomething, 5).Draw(t, "expected")
	}
	return c
}

// Whatever is asked for: revisions grow by one with each change and with nothing else, a command that comes again
// changes nothing, every change has its line, and the lines lead to the entity as it is.
func TestTheAuditLeadsToTheEntity(t *testing.T) {
	cfg := documented()
	rapid.Check(t, func(t *rapid.T) {
		rows := map[string]*Row{}
		judged, lines := map[string]bool{}, map[string][]*audit.Line{}
		for i := range rapid.IntRange(1, 80).Draw(t, "commands") {
			before := &Row{}
			c := anyCommand(t, i)
			if rows[c.Key()] != nil {
				before = rows[c.Key()]
			}
			next, e := Apply(rows[c.Key()], c, cfg)
			if again := judged[c.Key()+c.ID]; e.Repeated != (again && remembered(before, c.ID)) {
				t.Fatalf("%s: repeated is %t", c.ID, e.Repeated)
			}
			judged[c.Key()+c.ID] = true
			grown := next.Revision - before.Revision
			if changed := e.Result == verdict.Applied && !e.Repeated; changed != (grown == 1) || !changed && grown != 0 {
				t.Fatalf("%s %v: revision %d to %d", e.Result, e.Problems, before.Revision, next.Revision)
			}
			if line := e.Line; line != nil {
				lines[c.Key()] = append(lines[c.Key()], line)
				if line.CommandID != c.ID || line.Key() != c.Key() || line.Revision != next.Revision || line.Reason != c.Reason || (len(line.Differences) == 0) == (e.Result == verdict.Applied) {
					t.Fatalf("%+v", line)
				}
			}
			rows[c.Key()] = next
		}
		for key, row := range rows {
			if row.Entity != nil && !reflect.DeepEqual(replay(lines[key]), parsed(cfg.Document(row.Entity))) {
				t.Fatalf("%s: the audit leads to %v, not to %s", key, replay(lines[key]), cfg.Document(row.Entity))
			}
		}
	})
}

func remembered(row *Row, id string) bool {
	_, ok := row.Verdict(id)
	return ok
}
