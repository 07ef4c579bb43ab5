package audit

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/verdict"
)

// What is null is something, and differs from what is absent.
func TestAuditLinesAreReadBack(t *testing.T) {
	line := &audit.Line{
		CommandID: "c1", Kind: "brand", ID: "b", SpendID: "s1", Actor: "eve", Proof: audit.Proof{By: audit.ByToken, Issuer: "i", Role: "admin"}, At: 1_772_359_200_000, Reason: "why",
		Action: catalog.ActionChanged, Result: verdict.Refused, Problems: problem.List{{Pointer: "/name", Code: "invalid_field", Detail: "is required"}}, Revision: 7,
		From: "active", To: "archived", Differences: []audit.Difference{{Pointer: "/a", Before: "null", After: ""}, {Pointer: "/b", After: `{"c":[1.50,"<"]}`}},
	}
	raw, err := Line{}.Encode(line)
	if err != nil {
		t.Fatal(err)
	}
	read, err := Line{}.Decode(raw)
	if d := cmp.Diff(line, read); d != "" || err != nil {
		t.Error(err, d)
	}
}
