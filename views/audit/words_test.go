package audit

import (
	"reflect"
	"testing"

	auditcodec "github.com/millrace/millrace/codecs/audit"
)

// The document and the schema of the topics name the same kinds, actions and verdicts.
func TestTheAuditHasOneSetOfWords(t *testing.T) {
	published, shown := auditcodec.Line{}.Forms()[0], reflect.TypeFor[AuditLine]()
	asked, _ := reflect.TypeFor[auditInput]().FieldByName("Kind")
	kind, _ := published.FieldByName("Kind")
	if got, want := asked.Tag.Get("enum"), kind.Tag.Get("enum"); got != want || want == "" {
		t.Errorf("kinds that can be asked for: %s; published: %s", got, want)
	}
	for _, name := range []string{"Action", "Verdict"} {
		a, _ := published.FieldByName(name)
		b, _ := shown.FieldByName(name)
		if a.Tag.Get("enum") != b.Tag.Get("enum") || a.Tag.Get("enum") == "" {
			t.Errorf("%s: published %s, shown %s", name, a.Tag.Get("enum"), b.Tag.Get("enum"))
		}
	}
}
