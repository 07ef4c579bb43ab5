package audit

import (
	ledgercodec "github.com/millrace/millrace/codecs/ledger"
	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/oracle"
	"github.com/millrace/millrace/test/model"
)

// recall lets the oracle say what must have come of users whose rows do not remember everything that reached them.
func (t *Tape) recall(v *Verdict, run Run) error {
	bounds := oracle.DefaultBounds()
	if run.Bounds != nil {
		bounds = *run.Bounds
	}
	var careers []oracle.Career
	for _, m := range run.Missions {
		careers = append(careers, oracle.Settled(m))
	}
	m, err := oracle.NewMemory(bounds, careers...)
	if err != nil {
		return err
	}
	r := oracle.NewRecollection()
	posted := func(partition int32, offset int64, value []byte) error {
		p, err := ledgercodec.Posting{}.Decode(value)
		if err == nil {
			r.Posted(partition, offset, 0, p)
		}
		return err
	}
	for topic, take := range map[string]func(partition int32, offset int64, value []byte) error{
		t.topology.Postings.Name: posted, t.topology.Enrolments.Name: r.Enrolment,
		t.topology.UserSegments.Name: r.Segments,
	} {
		for _, x := range t.records[topic] {
			if !watermark.Is(x.Value) {
				_ = take(x.Partition, x.Offset, x.Value) // an error was noticed by Take, or by the fold
			}
		}
	}
	for partition, reads := range t.reads {
		for _, at := range reads {
			r.Read(partition, at)
		}
	}
	v.Recalled = model.Judge(r, m, v.Want, v.Got)
	for _, x := range v.Recalled.Unknown {
		v.Unjudged++
		v.Findings = append(v.Findings, "not judged: "+x)
	}
	for _, x := range v.Recalled.Impossible {
		v.Differ("progress of %s: no order of records fits what its commits have read", x)
	}
	return nil
}
