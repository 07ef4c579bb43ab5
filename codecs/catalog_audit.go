package codecs

import (
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
)

// Fields of a line of the audit and of its differences.
const (
	auditCommand = iota + 1
	auditActor
	auditAt
	auditRevision
	auditAction
	auditFrom
	auditTo
	auditReason
	auditDifference
	auditProofBy
	auditProofIssuer
	auditProofRole

	differencePointer = 1
	differenceBefore  = 2 // JSON
	differenceAfter   = 3 // JSON
)

func writeAudit(w *wire.Writer, a *catalog.Audit) {
	w.String(auditCommand, a.CommandID)
	w.String(auditActor, a.Actor)
	w.Int(auditAt, int64(a.At))
	w.Int(auditRevision, a.Revision)
	w.String(auditAction, a.Action)
	w.String(auditFrom, a.From)
	w.String(auditTo, a.To)
	w.String(auditReason, a.Reason)
	w.String(auditProofBy, string(a.Proof.By))
	w.String(auditProofIssuer, a.Proof.Issuer)
	w.String(auditProofRole, a.Proof.Role)
	for _, d := range a.Differences {
		w.Message(auditDifference, func(w *wire.Writer) {
			w.String(differencePointer, d.Pointer)
			w.String(differenceBefore, d.Before)
			w.String(differenceAfter, d.After)
		})
	}
}

func readAudit(r *wire.Reader) (a catalog.Audit) {
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case auditCommand:
			a.CommandID = f.String()
		case auditActor:
			a.Actor = f.String()
		case auditAt:
			a.At = instant.Milli(f.Int())
		case auditRevision:
			a.Revision = f.Int()
		case auditAction:
			a.Action = f.String()
		case auditFrom:
			a.From = f.String()
		case auditTo:
			a.To = f.String()
		case auditReason:
			a.Reason = f.String()
		case auditProofBy:
			a.Proof.By = catalog.ProofBy(f.String())
		case auditProofIssuer:
			a.Proof.Issuer = f.String()
		case auditProofRole:
			a.Proof.Role = f.String()
		case auditDifference:
			a.Differences = append(a.Differences, readDifference(&f))
		}
	}
	r.Inherit(&f)
	return a
}

func readDifference(r *wire.Reader) (d catalog.Difference) {
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case differencePointer:
			d.Pointer = f.String()
		case differenceBefore:
			d.Before = f.String()
		case differenceAfter:
			d.After = f.String()
		}
	}
	r.Inherit(&f)
	return d
}
