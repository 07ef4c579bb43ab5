package codecs

import (
	"bytes"
	"fmt"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/problem"
)

// ParseMove reads when and why a mission is moved from JSON: {at, reason}, or activate_at for at. Nothing at all is
// neither.
func ParseMove(b []byte) (at instant.Milli, reason string, err error) {
	if len(bytes.TrimSpace(b)) == 0 {
		return 0, "", nil
	}
	tree, err := parseJSONTree(b)
	if err != nil {
		return 0, "", fmt.Errorf("move: %w", err)
	}
	r := &treeReader{}
	f := r.formed("", tree, formOf[MoveBody]())
	f.moment("at", &at)
	also := at
	f.moment("activate_at", &also)
	if at != 0 && also != at {
		r.add("/activate_at", problem.InvalidField, "is another time than at: give one of them")
	}
	at = also
	f.text("reason", &reason)
	if len(r.problems) > 0 {
		return 0, "", r.problems
	}
	return at, reason, nil
}

// SpanRequest reads which payments a simulation looks at from JSON: {from, to}, 0 for no bound. Nothing at all is
// neither.
func SpanRequest(b []byte) (from, to instant.Milli, err error) {
	if len(bytes.TrimSpace(b)) == 0 {
		return 0, 0, nil
	}
	return from, to, request(b, formOf[SimulateBody](), func(f fields) {
		f.moment("from", &from)
		f.moment("to", &to)
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
