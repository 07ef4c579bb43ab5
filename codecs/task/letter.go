package task

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/task"
)

// letterDoc is an exhausted task: the value of its dead letter, for people to read and to edit its payload.
type letterDoc struct {
	ID      string          `json:"id"`
	Kind    string          `json:"kind"`
	Key     string          `json:"key"`
	Why     task.Why        `json:"why,omitempty"`
	On      task.Trigger    `json:"on,omitempty"`
	Payload json.RawMessage `json:"payload,omitempty"`
	// Raw is a payload that is no JSON.
	Raw      []byte        `json:"payload_base64,omitempty"`
	At       instant.Milli `json:"at,omitzero"`
	Priority int64         `json:"priority,omitempty"`
	Number   int64         `json:"number"`
	Arrived  instant.Milli `json:"arrived"`
	Due      instant.Milli `json:"due"`
	Deadline instant.Milli `json:"deadline,omitzero"`
	Attempts int64         `json:"attempts"`
	Run      int64         `json:"last_run"`
	Runs     []pastDoc     `json:"runs"`
	Omitted  int64         `json:"runs_omitted,omitempty"`
}

type pastDoc struct {
	Run    int64         `json:"run"`
	From   instant.Milli `json:"from"`
	To     instant.Milli `json:"to"`
	Ending task.Ending   `json:"ending"`
	Code   string        `json:"code,omitempty"`
	Error  string        `json:"error,omitempty"`
}

// LetterJSON returns an exhausted task with its whole history.
func LetterJSON(l task.Letter) []byte {
	e := l.Entry
	d := letterDoc{
		ID: e.Task.ID, Kind: e.Task.Kind, Key: e.Task.Key, Why: l.Why, On: e.Task.On, At: e.Task.At,
		Priority: e.Priority, Number: e.Number, Arrived: e.Arrived, Due: e.Due, Deadline: e.Deadline,
		Attempts: e.Attempts, Run: e.Run, Runs: []pastDoc{}, Omitted: e.History.Omitted,
	}
	if json.Valid(e.Task.Payload) {
		d.Payload = e.Task.Payload
	} else {
		d.Raw = e.Task.Payload
	}
	for _, p := range e.History.Runs {
		d.Runs = append(d.Runs, pastDoc(p))
	}
	return doc.MustJSON(d)
}

var errLetter = errors.New("id, kind and key: write those of the dead letter")

// ParseLetter reads what LetterJSON returns, with a payload that may have been edited. Unknown fields are skipped.
func ParseLetter(b []byte) (*task.Letter, error) {
	var d letterDoc
	if err := json.Unmarshal(b, &d); err != nil {
		return nil, fmt.Errorf("exhausted task: %w", err)
	}
	if d.ID == "" || d.Kind == "" || d.Key == "" {
		return nil, errLetter
	}
	e := &task.Entry{
		Task: task.Task{
			ID: d.ID, Kind: d.Kind, Key: d.Key, On: d.On, Payload: d.Raw, At: d.At,
		},
		Number: d.Number, Priority: d.Priority, Arrived: d.Arrived, Due: d.Due, Deadline: d.Deadline,
		State: task.Exhausted, Run: d.Run, Attempts: d.Attempts, History: task.History{Omitted: d.Omitted},
	}
	if len(d.Payload) > 0 {
		e.Task.Payload = d.Payload
	}
	for _, p := range d.Runs {
		e.History.Runs = append(e.History.Runs, task.Past(p))
	}
	return &task.Letter{Entry: e, Why: d.Why}, nil
}
