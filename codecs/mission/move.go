package mission

import (
	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/problem"
)

// ParseMove reads when and why a mission is moved from JSON: {at, reason}, or activate_at for at. Nothing at all is
// neither.
func ParseMove(b []byte) (at instant.Milli, reason string, err error) {
	err = doc.OptionalRequest(b, doc.FormOf[MoveBody](), func(f doc.Object) {
		f.Moment("at", &at)
		also := at
		f.Moment("activate_at", &also)
		if at != 0 && also != at {
			f.Reader.Add("/activate_at", problem.InvalidField, "is another time than at: give one of them")
		}
		at = also
		f.Text("reason", &reason)
	})
	if err != nil {
		return 0, "", err
	}
	return at, reason, nil
}

// SpanRequest reads which payments a simulation looks at from JSON: {from, to}, 0 for no bound. Nothing at all is
// neither.
func SpanRequest(b []byte) (from, to instant.Milli, err error) {
	err = doc.OptionalRequest(b, doc.FormOf[SimulateBody](), func(f doc.Object) {
		f.Moment("from", &from)
		f.Moment("to", &to)
	})
	return from, to, err
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
