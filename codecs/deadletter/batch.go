package deadletter

import (
	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/problem"
)

// LetterBatchBody says what was counted before a decision on many dead letters.
type LetterBatchBody struct {
	Reason string        `json:"reason,omitempty" maxLength:"500" doc:"Why, for the record; needed to discard"`
	Expect int64         `json:"expect,omitempty" minimum:"1" doc:"How many pass, as the dry run counted; not needed for one"`
	UpTo   instant.Milli `json:"up_to,omitzero" format:"date-time" doc:"The up_to of the dry run: what was filed later is left alone"`
}

// BatchRequest reads a decision on many dead letters. What was counted is needed unless nothing is to be done.
func BatchRequest(b []byte, dry bool) (body LetterBatchBody, err error) {
	err = doc.Request(b, doc.FormOf[LetterBatchBody](), func(f doc.Object) {
		f.Text("reason", &body.Reason)
		f.Integer("expect", &body.Expect)
		f.Moment("up_to", &body.UpTo)
		if dry || len(f.Reader.Problems) > 0 {
			return
		}
		if body.Expect < 1 {
			f.Reader.Add("/expect", problem.InvalidField, "is required: write the count of a dry run, 1 or more")
		}
		if body.UpTo == 0 {
			f.Reader.Add("/up_to", problem.InvalidField, "is required: write the up_to of the dry run")
		}
	})
	return body, err
}
