package verdict

import (
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/verdict"
)

// VerdictFields are those of a verdict on a command of a user or of support, in the user's rows.
func VerdictFields(f *wire.Fields, v *verdict.Verdict) {
	f.Text(1, &v.CommandID)
	f.Text(2, (*string)(&v.Result))
	ProblemsField(f, 3, &v.Problems)
	f.Int(5, (*int64)(&v.At))
}

// ProblemsField is the problems of a verdict, whoever gave it.
func ProblemsField(f *wire.Fields, n wire.Number, list *problem.List) {
	for p := range wire.Each(f, n, (*[]problem.Problem)(list)) {
		f.Text(1, &p.Pointer)
		f.Text(2, &p.Code)
		f.Text(3, &p.Detail)
	}
}
