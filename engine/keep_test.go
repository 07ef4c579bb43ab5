package engine

import (
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/stream"
)

// A transaction that took in nothing commits an offset all the same; where that entry holds a group's time, it must
// hold it still.
func TestAnEntryWithoutRecordsKeepsTheTime(t *testing.T) {
	g := &graph{group: "g", home: "in", times: map[string]stream.Time{"in": stream.OwnTime}, offsets: map[string]*Offsets{"in": new(Offsets)}}
	c := g.newClaim("in", 0, 7)
	p := &partition{claims: []*claim{c}, time: watermark.New(watermark.DefaultConfig(), "g", 0, 1, false, watermark.Input{Topic: "in", Own: true})}
	p.time.Seen("in", 1000, 1000)
	p.text = textPrefix + p.time.Text() // as the transaction before committed it
	s := &session{engine: &Engine{graph: *g}, parts: map[int32]*partition{0: p}, all: []*claim{c}}
	q := kmsg.NewPtrTxnOffsetCommitRequest()
	q.MemberID = "member"
	if err := s.offsets(q); err != nil {
		t.Fatal(err)
	}
	e := find(q, c)
	if e == nil || e.Offset != 7 {
		t.Fatalf("the request is %+v", q)
	}
	if e.Metadata == nil || *e.Metadata != p.text || !strings.HasPrefix(*e.Metadata, textPrefix) {
		t.Errorf("the entry's metadata is %v, want %q", e.Metadata, p.text)
	}
}
