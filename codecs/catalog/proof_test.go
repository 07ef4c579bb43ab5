package catalog

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	auditcodec "github.com/millrace/millrace/codecs/audit"
	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/catalog"
)

// The proof of an actor goes with the command, and stays in the audit.
func TestProofsAreKept(t *testing.T) {
	for _, proof := range []audit.Proof{{}, {By: audit.ByTimer}, {By: audit.ByToken, Issuer: "https://issuer.example", Role: "approver"}} {
		c := catalog.NewPut("c1", "ops", 1, catalog.Brand{BrandID: "b", Name: "B", State: catalog.StatusActive})
		c.Proof = proof
		raw, err := Command{}.Encode(c)
		if err != nil {
			t.Fatal(err)
		}
		read, err := Command{}.Decode(raw)
		if err != nil {
			t.Fatal(err)
		}
		_, e := catalog.Apply(nil, read, catalog.DefaultConfig())
		if raw, err = (auditcodec.Line{}).Encode(e.Line); err != nil {
			t.Fatal(err)
		}
		line, err := auditcodec.Line{}.Decode(raw)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(proof, read.Proof) + cmp.Diff(proof, line.Proof); d != "" {
			t.Error(d)
		}
	}
}
