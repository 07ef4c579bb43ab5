package codecs

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/verdict"
)

func writeVerdicts(w *wire.Writer, field protowire.Number, list verdict.List) {
	for i := range list {
		w.Message(field, func(w *wire.Writer) {
			f := wire.Appending(w.B)
			verdictFields(&f, &list[i])
			w.B = f.Body()
		})
	}
}

func readVerdict(r *wire.Reader) (v verdict.Verdict) {
	b := append([]byte{0}, r.String()...)
	f := wire.Reading(b, 0)
	for f.Next() {
		verdictFields(&f, &v)
	}
	if f.Err() != nil {
		r.Refuse()
	}
	return v
}
