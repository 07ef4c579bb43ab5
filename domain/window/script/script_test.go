package script_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/window/script"
)

var rewrite = flag.Bool("rewrite", false, "write the goldens anew")

// TestScripts runs testdata/*.script against the .golden beside each, once as it is, and once with a restart behind
// every line.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.script")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d scripts, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			out, err := script.Run(string(text))
			if err != nil {
				t.Fatal(err)
			}
			got, golden := strings.Join(out, "\n")+"\n", strings.TrimSuffix(file, ".script")+".golden"
			if *rewrite {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			again, err := script.Run(restarted(string(text)))
			if err != nil || !cmp.Equal(out, again) {
				t.Errorf("with restarts (-without +with): %v\n%s", err, cmp.Diff(out, again))
			}
		})
	}
}

func restarted(text string) string {
	head, rest, _ := strings.Cut(text, "\n")
	for strings.HasPrefix(head, "#") {
		var next string
		next, rest, _ = strings.Cut(rest, "\n")
		head = next
	}
	return head + "\nrestart\n" + strings.ReplaceAll(rest, "\n", "\nrestart\n")
}

func TestErrorsNameTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"":             "empty",
		"# only words": "empty",
		"a 1@3":        "line 1",
		"window tumbling size=10\nwindow tumbling size=10": "line 2",
		"window tumbling":                        "need size=",
		"window tumbling size=x":                 "no number of milliseconds",
		"window tumbling size=0":                 "at least 1ms",
		"window tumbling size=10 gap=1":          `no setting "gap"`,
		"window tumbling size=10 size=1":         "twice",
		"window hopping size=10 advance=20":      "advance",
		"window weekly size=10":                  `"weekly"`,
		"window tumbling size=10\n\na 1@x":       "line 3",
		"window tumbling size=10\na 1":           "line 2",
		"window tumbling size=10\na 1@2 3":       "line 2",
		"window tumbling size=10\nwatermark":     "line 2",
		"window tumbling size=10\nwatermark 1s":  "line 2",
		"window session gap=9223372036854775807": "no number of milliseconds",
	} {
		out, err := script.Run(text)
		if !errors.Is(err, script.ErrSyntax) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %q, %v; want an error with %q", text, out, err, want)
		}
	}
}

func FuzzRun(f *testing.F) {
	f.Add("window sliding difference=10 grace=3\na 1@3\nb@9\nwatermark 30\na 2@4 # late\nrestart\n")
	f.Add("window session gap=0\na 1@9223372036854775807\na 1@-9223372036854775808\nwatermark -1")
	f.Add("window hopping size=10 advance=3\na 1@0\na 1@9223372036854775807")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1000 || strings.Contains(text, "advance") && len(text) > 60 {
			return // windows of a long size and a short advance are many
		}
		out, err := script.Run(text)
		if err != nil && !errors.Is(err, script.ErrSyntax) {
			t.Fatal(err)
		}
		again, _ := script.Run(text)
		if !cmp.Equal(out, again) {
			t.Fatal("two runs differ")
		}
	})
}
