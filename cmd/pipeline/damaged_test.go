package pipeline

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/millrace/millrace/domain/catalog"
	healthgroup "github.com/millrace/millrace/processors/health"
	"github.com/millrace/millrace/processors/progress"
)

// A mission or settings that a group cannot read are not passed over in silence.
func TestRowsOfTheCatalogThatCannotBeRead(t *testing.T) {
	var out bytes.Buffer
	b := &builder{config: Config{Log: slog.New(slog.NewTextHandler(&out, nil))}}
	for group, x := range map[string]struct {
		key string
		set func(string, []byte) error
	}{
		"progress": {catalog.MissionKey("m1"), progress.NewIndex().Set},
		"health":   {catalog.Key(catalog.KindHealthSetting, "upi/sbi"), healthgroup.NewIndex().Set},
	} {
		out.Reset()
		read := b.reading(group, x.set)
		read(x.key, nil)
		if out.Len() > 0 {
			t.Errorf("%s: %s", group, &out)
		}
		read(x.key, []byte("7 bytes"))
		for _, want := range []string{"level=ERROR", "group=" + group, "key=" + x.key, "millrace verify"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: no %q in %s", group, want, &out)
			}
		}
	}
}
