package mission

import (
	"bytes"
	"fmt"

	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/problem"
)

// ParseMove reads when and why a mission is moved from JSON: {at, reason}, or activate_at for at. Nothing at all is
// neither.
func ParseMove(b []byte) (at instant.Milli, reason string, err error) {
	if len(bytes.TrimSpace(b)) == 0 {
		return 0, "", nil
	}
	tree, err := doc.ParseJSON(b)
	if err != nil {
		return 0, "", fmt.Errorf("move: %w", err)
	}
	r := &doc.Reader{}
	f := r.Formed("", tree, doc.FormOf[MoveBody]())
	f.Moment("at", &at)
	also := at
	f.Moment("activate_at", &also)
	if at != 0 && also != at {
		r.Add("/activate_at", problem.InvalidField, "is another time than at: give one of them")
	}
	at = also
	f.Text("reason", &reason)
	if len(r.Problems) > 0 {
		return 0, "", r.Problems
	}
	return at, reason, nil
}

// SpanRequest reads which payments a simulation looks at from JSON: {from, to}, 0 for no bound. Nothing at all is
// neither.
func SpanRequest(b []byte) (from, to instant.Milli, err error) {
	if len(bytes.TrimSpace(b)) == 0 {
		return 0, 0, nil
	}
	return from, to, doc.Request(b, doc.FormOf[SimulateBody](), func(f doc.Object) {
		f.Moment("from", &from)
		f.Moment("to", &to)
	})
}

// MoveBody says when and why a mission is moved; all of it may be left out.
type MoveBody struct {
	At         instant.Milli `json:"at,omitzero" format:"date-time" doc:"Event time, not before the change before and not ahead; default: now. To activate, it may lie ahead: the mission is scheduled"`
	ActivateAt instant.Milli `json:"activate_at,omitzero" format:"date-time" doc:"Another name of at"`
	Reason     string        `json:"reason,omitempty" maxLength:"500" doc:"For the audit"`
}

// SimulateBody says which payments count.
type SimulateBody struct {
	From instant.Milli `json:"from,omitzero" format:"date-time" doc:"Payments made from then on; default: all that are stored"`
	To   instant.Milli `json:"to,omitzero" format:"date-time" doc:"Payments made before; default: now"`
}
