package catalog_test

import (
	"strings"
	"testing"

	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	"github.com/millrace/millrace/domain/catalog"
)

// How long codes are is said once.
func TestLengthOfCodes(t *testing.T) {
	for pattern, want := range map[string]string{
		`{"length":4}`:                    "",
		`{"min_length":2,"max_length":9}`: "",
		`{"length":null,"min_length":2}`:  "",
		`{"length":4,"min_length":2}`:     "/code_pattern/min_length invalid_field",
		`{"length":4,"max_length":4}`:     "/code_pattern/max_length invalid_field",
		`{"length":0}`:                    "/code_pattern/length invalid_field",
		`{"length":0,"min_length":1}`:     "/code_pattern/min_length invalid_field",
	} {
		e, err := catalogcodec.ParseEntity(catalog.KindPool, []byte(`{"title":"P","code_pattern":`+pattern+`}`), "p", catalog.DefaultConfig())
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", pattern, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), strings.Fields(want)[0])):
			t.Errorf("%s: %v, %v", pattern, e, err)
		}
	}
	e, err := catalogcodec.ParseEntity(catalog.KindPool, []byte(`{"title":"P","code_pattern":{"length":4}}`), "p", catalog.DefaultConfig())
	if p, ok := e.(catalog.Pool); err != nil || !ok || p.Pattern.MinLength != 4 || p.Pattern.MaxLength != 4 {
		t.Errorf("%+v, %v", e, err)
	}
}
