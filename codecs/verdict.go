package codecs

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/verdict"
)

// writeVerdicts writes the verdicts on commands of users and of support into their row.
func writeVerdicts(w *wire.Writer, field protowire.Number, list verdict.List) {
	for _, v := range list {
		w.Message(field, func(w *wire.Writer) {
			w.String(verdictCommand, v.CommandID)
			w.String(verdictResult, string(v.Result))
			writeProblems(w, v.Problems)
			w.Int(verdictAt, int64(v.At))
		})
	}
}

func readVerdict(r *wire.Reader) (v verdict.Verdict) {
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case verdictCommand:
			v.CommandID = f.String()
		case verdictResult:
			v.Result = verdict.Result(f.String())
		case verdictProblem:
			v.Problems = append(v.Problems, readProblem(&f))
		case verdictAt:
			v.At = instant.Milli(f.Int())
		}
	}
	r.Inherit(&f)
	return v
}
