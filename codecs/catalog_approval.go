package codecs

import (
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
)

// Fields of the approval of a mission, and of its messages.
const (
	approvalAuthor = iota + 1
	approvalApproved
	approvalRejected
	approvalProposal

	approvalActor    = 1
	approvalAt       = 2
	approvalReason   = 3
	approvalRevision = 4

	proposalMission   = 1 // JSON, as MissionJSON writes it
	proposalFrom      = 2
	proposalBackdated = 3
	proposalAt        = 4
	proposalAuthor    = 5
)

func writeApproval(w *wire.Writer, a *catalog.Approval) {
	for _, author := range a.Authors {
		w.Element(approvalAuthor, author)
	}
	if a.Approved != nil {
		w.Message(approvalApproved, func(w *wire.Writer) { writeDecision(w, a.Approved) })
	}
	if a.Rejected != nil {
		w.Message(approvalRejected, func(w *wire.Writer) { writeDecision(w, a.Rejected) })
	}
	if p := a.Proposal; p != nil {
		w.Message(approvalProposal, func(w *wire.Writer) {
			w.Bytes(proposalMission, MissionJSON(&p.Mission))
			w.Int(proposalFrom, int64(p.From))
			w.Bool(proposalBackdated, p.Backdated)
			w.Int(proposalAt, int64(p.At))
			for _, author := range p.Authors {
				w.Element(proposalAuthor, author)
			}
		})
	}
}

func writeDecision(w *wire.Writer, d *catalog.Decision) {
	w.String(approvalActor, d.Actor)
	w.Int(approvalAt, int64(d.At))
	w.String(approvalReason, d.Reason)
	w.Int(approvalRevision, d.Revision)
}

func readApproval(r *wire.Reader) (a catalog.Approval, err error) {
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case approvalAuthor:
			a.Authors = append(a.Authors, f.String())
		case approvalApproved:
			a.Approved = readDecision(&f)
		case approvalRejected:
			a.Rejected = readDecision(&f)
		case approvalProposal:
			a.Proposal, err = readProposal(&f)
		}
	}
	r.Inherit(&f)
	return a, err
}

func readDecision(r *wire.Reader) *catalog.Decision {
	d := &catalog.Decision{}
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case approvalActor:
			d.Actor = f.String()
		case approvalAt:
			d.At = instant.Milli(f.Int())
		case approvalReason:
			d.Reason = f.String()
		case approvalRevision:
			d.Revision = f.Int()
		}
	}
	r.Inherit(&f)
	return d
}

func readProposal(r *wire.Reader) (p *catalog.Proposal, err error) {
	p = &catalog.Proposal{}
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case proposalMission:
			p.Mission, err = storedMission(f.Bytes())
		case proposalFrom:
			p.From = instant.Milli(f.Int())
		case proposalBackdated:
			p.Backdated = f.Uint() != 0
		case proposalAt:
			p.At = instant.Milli(f.Int())
		case proposalAuthor:
			p.Authors = append(p.Authors, f.String())
		}
	}
	r.Inherit(&f)
	return p, err
}
