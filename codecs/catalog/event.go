package catalog

import (
	"encoding/json"
	"fmt"

	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/verdict"
)

type catalogEventDoc struct {
	CommandID string        `json:"command_id"`
	Kind      string        `json:"kind" enum:"@catalog_kind"`
	ID        string        `json:"id"`
	Verdict   string        `json:"verdict" enum:"@verdict"`
	Problems  []doc.Problem `json:"problems" doc:"Of refused: what is wrong"`
	Revision  int64         `json:"revision" doc:"Number of changes of the entity, with this one"`
	Version   int64         `json:"version" doc:"Of a mission: its latest version"`
	Status    string        `json:"status" doc:"Of the entity; empty where there is none"`
	Actor     string        `json:"actor" doc:"Who asked for it"`
	At        instant.Milli `json:"at" format:"date-time" doc:"Wall time of the verdict"`
	Repeated  bool          `json:"repeated,omitempty" doc:"The command had been judged before: this is that verdict again"`
}

// Event is the codec of `catalog-events`: JSON, for others to read.
type Event struct{}

// Encode returns e as JSON; it never fails.
func (Event) Encode(e *catalog.Event) ([]byte, error) {
	return doc.MustJSON(catalogEventDoc{
		CommandID: e.CommandID, Kind: string(e.Kind), ID: e.EntityID, Verdict: string(e.Result),
		Problems: doc.Problems(e.Problems),
		Revision: e.Revision, Version: e.Version, Status: e.Status, Actor: e.Actor, At: e.At, Repeated: e.Repeated,
	}), nil
}

// Decode reads what Encode wrote; unknown fields are skipped.
func (Event) Decode(b []byte) (*catalog.Event, error) {
	var d catalogEventDoc
	if err := json.Unmarshal(b, &d); err != nil {
		return nil, fmt.Errorf("catalog event: %w", err)
	}
	e := &catalog.Event{
		Verdict: catalog.Verdict{CommandID: d.CommandID, Result: verdict.Result(d.Verdict), Revision: d.Revision,
			At: d.At},
		Kind: catalog.Kind(d.Kind), EntityID: d.ID, Actor: d.Actor, Version: d.Version,
		Status: d.Status, Repeated: d.Repeated,
	}
	for _, p := range d.Problems {
		e.Problems = append(e.Problems, problem.Problem{Pointer: p.Pointer, Code: p.Code, Detail: p.Detail})
	}
	return e, nil
}

// Forms returns the one that there is.
func (Event) Forms() []doc.Form { return []doc.Form{doc.FormOf[catalogEventDoc]()} }
