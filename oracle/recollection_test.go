package oracle

import (
	"fmt"
	"testing"

	ledgercodec "github.com/millrace/millrace/codecs/ledger"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
)

// recollected is of user u with a posting at the offsets 10, 20 to 60, appended at ten times that, and somebody else's
// between.
func recollected(t *testing.T) *Recollection {
	t.Helper()
	r := NewRecollection()
	for i := range 12 {
		p := &ledger.Posting{Facts: payment.Facts{TransactionID: fmt.Sprint("t", i), UserID: "v"}, Kind: ledger.PaymentSettled, Seq: 1, NetAfter: 1}
		if i%2 == 1 {
			p.UserID = "u"
		}
		value, err := ledgercodec.Posting{}.Encode(p)
		if err != nil {
			t.Fatal(err)
		}
		decoded, err := ledgercodec.Posting{}.Decode(value)
		if err != nil {
			t.Fatal(err)
		}
		r.Posted(0, int64(5+5*i), instant.Milli(50+50*i), decoded)
	}
	return r
}

func (r *Recollection) enrolment(t *testing.T, offset int64, id string) {
	t.Helper()
	e, err := missioncodec.Enrolment{}.Encode(&mission.Enrolment{ID: id, Op: mission.Enrol, UserID: "u", Mission: "m", At: 1})
	if err == nil {
		err = r.Enrolment(0, offset, e)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// What a commit had read was there before what it had not.
func TestCommitsTellWhatCameFirst(t *testing.T) {
	r := recollected(t)
	for i, id := range []string{"a", "b", "c", "a", "d"} { // a comes twice
		r.enrolment(t, int64(i), id)
	}
	s, err := missioncodec.UserSegments{}.Encode(&mission.Segments{ID: "s", UserID: "u", Segments: []string{"gold"}, At: 1})
	if err == nil {
		err = r.Segments(0, 7, s)
	}
	if err != nil {
		t.Fatal(err)
	}
	if c := r.Of("u"); c.Turns[0].Arrival != (Arrival{0, 6}) || len(c.Postings) != 6 {
		t.Errorf("without a commit: %+v", c.Turns)
	}
	r.Read(0, Read{Postings: 21, Enrolments: 1, Segments: 7})
	r.Read(1, Read{Postings: 100, Enrolments: 100, Segments: 100}) // of another partition
	r.Read(0, Read{Postings: 45, Enrolments: 3, Segments: 7})
	r.Read(0, Read{Postings: 50, Enrolments: 3, Segments: 8})
	c := r.Of("u")
	var got []Arrival
	for _, a := range c.Turns {
		got = append(got, a.Arrival)
	}
	got = append(got, c.Sets[0].Arrival)
	if want := fmt.Sprint([]Arrival{{0, 2}, {2, 4}, {2, 4}, {4, 6}, {4, 4}}); fmt.Sprint(got) != want {
		t.Errorf("%v, want %v", got, want)
	}
	if r.Handled("u") {
		t.Error("more is to come")
	}
	r.Read(0, Read{Postings: 61, Enrolments: 5, Segments: 8})
	if !r.Handled("u") || !r.Handled("nobody") {
		t.Error("all was handled")
	}
}

// A commit before a change of a mission has not met it, and what comes long enough after has.
func TestTimeTellsWhenMissionsWereMet(t *testing.T) {
	for _, tt := range []struct {
		known Known
		want  Arrival
	}{
		{Known{}, Arrival{0, 6}},
		{Known{From: 250, By: 320}, Arrival{2, 3}}, // the posting at 40 was appended after By
		{Known{From: 500, By: 2000}, Arrival{5, 6}},
		{Known{From: 10, By: 40}, always()}, // before the first posting
		{Known{From: 190, By: 10_000}, Arrival{0, 6}},
	} {
		r := recollected(t)
		r.Read(0, Read{Postings: 20, At: 200})
		r.Read(0, Read{Postings: 25, At: 240})
		r.Read(0, Read{Postings: 55, At: 490})
		r.Met("m", []Known{tt.known})
		if got := r.Of("u").Met["m"][0]; got != tt.want {
			t.Errorf("%+v: %v, want %v", tt.known, got, tt.want)
		}
	}
}

// What rows of a partition say of the missions that they know is as good as time.
func TestRowsTellWhenMissionsWereMet(t *testing.T) {
	for from, want := range map[int64]Arrival{0: {2, 2}, 25: {2, 2}, 45: {2, 4}, 1000: {2, 6}} {
		r := recollected(t)
		r.Read(0, Read{Postings: 25, At: 240})
		r.Met("m", []Known{{From: 250, By: 10_000}})
		r.MetBy(1, 0) // another partition
		if got := r.Of("u").Met["m"][0]; got != (Arrival{2, 6}) {
			t.Errorf("of another partition: %v", got)
		}
		r.MetBy(0, from)
		if got := r.Of("u").Met["m"][0]; got != want {
			t.Errorf("from %d: %v, want %v", from, got, want)
		}
	}
}

// A command that comes again counts only if the row may have forgotten its verdict.
func TestRepeatedCommands(t *testing.T) {
	r := recollected(t)
	for i := range verdicts + 1 {
		r.enrolment(t, int64(i), fmt.Sprint("e", i))
	}
	r.enrolment(t, 100, "e0")
	c := r.Of("u")
	if n := len(c.Turns); n != verdicts+2 || !c.Turns[n-1].Again {
		t.Errorf("%d turns, the last %+v", n, c.Turns[n-1])
	}
}
