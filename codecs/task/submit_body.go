package task

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/problem"
)

// SubmitBody is a task that a program outside submits.
type SubmitBody struct {
	Kind     string         `json:"kind" minLength:"1" maxLength:"64" doc:"One of tasks.kinds" example:"thank"`
	Key      string         `json:"key" minLength:"1" maxLength:"959" doc:"Tasks of one kind and key run one after the other" example:"usr_1"`
	Payload  map[string]any `json:"payload,omitempty" doc:"What the handler gets: an object of JSON, at most 192 KiB"`
	Delay    string         `json:"delay,omitempty" doc:"How long from now on until it may run; or write due" example:"10m"`
	Due      instant.Milli  `json:"due,omitzero" format:"date-time" doc:"When it may run; or write delay. Default: at once"`
	Priority int64          `json:"priority,omitempty" minimum:"-4" maximum:"4" doc:"Higher ones of a key run first"`
	Dedupe   string         `json:"dedupe_key,omitempty" maxLength:"256" doc:"While the kind remembers it, another task of the same kind, key and dedupe_key is dropped"`
}

// Wanted is what a request for a task asks for.
type Wanted struct {
	Kind, Key, Dedupe string
	Payload           []byte // compact JSON; nil without one
	Delay             time.Duration
	Due               instant.Milli
	Priority          int64
}

// SubmitRequest reads a task that a program outside submits.
func SubmitRequest(b []byte) (Wanted, error) {
	var w Wanted
	err := doc.Request(b, doc.FormOf[SubmitBody](), func(f doc.Object) {
		f.Text("kind", &w.Kind)
		f.Text("key", &w.Key)
		f.Text("dedupe_key", &w.Dedupe)
		f.Integer("priority", &w.Priority)
		f.Duration("delay", &w.Delay)
		f.Moment("due", &w.Due)
		for _, name := range []string{"kind", "key"} {
			if f.Values[name] == nil || f.Values[name] == "" {
				f.Reader.Add(f.At(name), problem.InvalidField, "is required")
			}
		}
		if _, ok := f.Values["payload"].(map[string]any); !ok && f.Values["payload"] != nil {
			f.Reader.Add(f.At("payload"), problem.WrongType, "needs an object")
		}
		switch {
		case f.Values["delay"] != nil && f.Values["due"] != nil:
			f.Reader.Add(f.At("delay"), problem.InvalidField, "write delay or due, not both")
		case w.Delay < 0:
			f.Reader.Add(f.At("delay"), problem.InvalidField, "must be 0s or more, such as 10m")
		}
	})
	if err != nil {
		return Wanted{}, err
	}
	err = w.keepBytes(b)
	return w, err
}

// keepBytes takes what is compared byte by byte as it came: keys, which name users as their payments do, and the
// payload, without the spaces between, so that numbers keep their digits.
func (w *Wanted) keepBytes(b []byte) error {
	var raw struct {
		Key     string          `json:"key"`
		Dedupe  string          `json:"dedupe_key"`
		Payload json.RawMessage `json:"payload"`
	}
	if err := json.Unmarshal(b, &raw); err != nil {
		return fmt.Errorf("request: %w", err)
	}
	w.Key, w.Dedupe = raw.Key, raw.Dedupe
	if raw.Payload == nil || string(raw.Payload) == "null" {
		return nil
	}
	var out bytes.Buffer
	if err := json.Compact(&out, raw.Payload); err != nil {
		return fmt.Errorf("payload: %w", err)
	}
	w.Payload = out.Bytes()
	return nil
}
