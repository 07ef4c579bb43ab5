package catalog

import (
	"strings"
	"testing"

	"github.com/millrace/millrace/domain/catalog"
)

// A template names no other template: it would be dropped in silence.
func TestTemplatesNameNoTemplate(t *testing.T) {
	_, err := ParseEntity(catalog.KindRewardTemplate, []byte(`{"id":"t","reward":{"template":"other","kind":"coins","amount":1}}`), "", catalog.Config{})
	if err == nil || !strings.Contains(err.Error(), "/reward/template: is not a known field") {
		t.Error(err)
	}
}
