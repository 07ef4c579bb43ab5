package task

import (
	"time"

	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/problem"
)

// SnoozeBody says until when a task is put off.
type SnoozeBody struct {
	Until instant.Milli `json:"until,omitzero" format:"date-time" doc:"Until when; or write for"`
	For   string        `json:"for,omitempty" doc:"For how long from now on; or write until" example:"10m"`
}

// SnoozeRequest reads until when, or for how long, a task is put off.
func SnoozeRequest(b []byte) (until instant.Milli, after time.Duration, err error) {
	err = doc.Request(b, doc.FormOf[SnoozeBody](), func(f doc.Object) {
		f.Moment("until", &until)
		f.Duration("for", &after)
		switch has, also := f.Values["until"] != nil, f.Values["for"] != nil; {
		case has == also:
			f.Reader.Add("", problem.InvalidField, "needs one of until and for")
		case also && after <= 0 && len(f.Reader.Problems) == 0:
			f.Reader.Add("/for", problem.InvalidField, "must be above 0s, such as 10m")
		}
	})
	return until, after, err
}
