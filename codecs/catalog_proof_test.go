package codecs

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/catalog"
)

// The proof of an actor goes with the command, and stays in the row.
func TestProofsAreKept(t *testing.T) {
	for _, proof := range []catalog.Proof{{}, {By: catalog.ByTimer}, {By: catalog.ByToken, Issuer: "https://issuer.example", Role: "approver"}} {
		c := catalog.NewPut("c1", "ops", 1, catalog.Brand{BrandID: "b", Name: "B", State: catalog.StatusActive})
		c.Proof = proof
		raw, err := CatalogCommand{}.Encode(c)
		if err != nil {
			t.Fatal(err)
		}
		read, err := CatalogCommand{}.Decode(raw)
		if err != nil {
			t.Fatal(err)
		}
		row, _ := catalog.Apply(nil, read, catalog.DefaultConfig())
		if raw, err = (CatalogRow{}).Encode(row); err != nil {
			t.Fatal(err)
		}
		if row, err = (CatalogRow{}).Decode(raw); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(proof, read.Proof) + cmp.Diff(proof, row.Audit[0].Proof); d != "" {
			t.Error(d)
		}
	}
}
