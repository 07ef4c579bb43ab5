package workload_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lovoo/goka"

	"github.com/millrace/millrace/bench/workload"
)

// Both codecs must bring every record back, or one side's work would be less than the other's.
func TestCodecsBringRecordsBack(t *testing.T) {
	inputs, expected, err := workload.Inputs(500)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range workload.CodecNames() {
		c, err := workload.Named(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, stage := range workload.Stages() {
			for _, p := range inputs[stage] {
				sameAfter(t, c, p.Value)
			}
			for _, row := range expected[stage].Table {
				sameAfter(t, c, row)
			}
		}
	}
}

func sameAfter(t *testing.T, c workload.Codecs, v any) {
	t.Helper()
	b, err := c.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.For(v).Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(v, got); diff != "" {
		t.Fatalf("%T (-want +got):\n%s", v, diff)
	}
}

// What progress sums up must be what the ledger has posted.
func TestStagesAgree(t *testing.T) {
	inputs, expected, err := workload.Inputs(5000)
	if err != nil {
		t.Fatal(err)
	}
	var net, posted int64
	for _, row := range expected[workload.Ledger].Table {
		net += row.(*workload.Account).Net
	}
	for _, p := range expected[workload.Ledger].Output {
		posted += p.Value.(*workload.Posting).Delta
	}
	if net != posted || net == 0 {
		t.Errorf("the accounts hold %d, %d was posted", net, posted)
	}
	var sum, postings int64
	for _, row := range expected[workload.Progress].Table {
		sum, postings = sum+row.(*workload.Total).Sum, postings+row.(*workload.Total).Postings
	}
	if n := int64(len(inputs[workload.Progress])); n != 5000 || postings != n || sum == 0 {
		t.Errorf("%d postings of %d are in the totals, of %d", postings, n, sum)
	}
}

func TestGraphsAreValid(t *testing.T) {
	for _, stage := range workload.Stages() {
		g, err := workload.Graph(stage, workload.Names{Group: "g", Input: "in", Output: "out"}, workload.JSON(), goka.Persist, func() {})
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Validate(); err != nil {
			t.Error(err)
		}
	}
}
