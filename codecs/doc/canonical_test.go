package doc_test

import (
	"testing"

	"github.com/millrace/millrace/codecs/doc"
)

func TestCanonical(t *testing.T) {
	const one = `{"a":[1,{"b":null,"c":"x"}],"d":true}`
	for _, spelled := range []string{
		one, ` { "d" : true, "a" : [ 1.0 , { "c" : "\u0078", "b" : null } ] } `, `{"a":[1e0,{"c":"x","b":null}],"d":true}`,
	} {
		if got, err := doc.Canonical([]byte(spelled)); err != nil || string(got) != one {
			t.Errorf("%s: %s, %v", spelled, got, err)
		}
	}
	seen := map[string]string{}
	for _, other := range []string{
		`{"a":1}`, `{"a":"1"}`, `{"a":1.5}`, `{"a":[1]}`, `{"a":null}`, `{}`, `[]`, `{"a":{"b":1}}`, `{"a.b":1}`, `{"a":"é"}`, `{"a":"e\u0301"}`,
		`{"a":9007199254740993}`, `{"a":9007199254740992}`, `{"a":1e400}`,
	} {
		got, err := doc.Canonical([]byte(other))
		if err != nil {
			t.Errorf("%s: %v", other, err)
		}
		if before, ok := seen[string(got)]; ok {
			t.Errorf("%s and %s are both %s", other, before, got)
		}
		seen[string(got)] = other
	}
	for _, bad := range []string{``, `{`, `{"a":1,"a":1}`, `{} {}`, `a: 1`} {
		if got, err := doc.Canonical([]byte(bad)); err == nil {
			t.Errorf("%q became %s", bad, got)
		}
	}
}
