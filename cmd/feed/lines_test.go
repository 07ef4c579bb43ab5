package feed

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func readAll(t interface{ Fatal(...any) }, file []byte) (lines []string, err error) {
	l, err := NewLines(bytes.NewReader(file), 1<<20)
	if err != nil {
		return nil, err
	}
	for l.Next() {
		lines = append(lines, string(l.Line()))
	}
	if l.Next() {
		t.Fatal("it goes on behind its end")
	}
	return lines, l.Err()
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestForms: every form in which events come gives the same events, or a sentence that says what to give instead.
func TestForms(t *testing.T) {
	a, b := `{"id":"a","amount":1}`, `{"id":"b","note":"x\ny"}`
	both := []string{a, b}
	pretty := "{\n  \"id\": \"a\",\n  \"amount\": 1\n}\n"
	long := fmt.Sprintf(`{"id":%q}`, strings.Repeat("x", 2*peeked))
	for _, c := range []struct {
		name, file string
		want       []string
		says       string // of the error
	}{
		{"lines", a + "\n" + b + "\n", both, ""},
		{"no line break at the end", a + "\n" + b, both, ""},
		{"blank lines", "\n\n" + a + "\n \n" + b + "\n\n", both, ""},
		{"CRLF", a + "\r\n" + b + "\r\n", both, ""},
		{"a byte order mark", "\ufeff" + a + "\n" + b + "\n", both, ""},
		{"a byte order mark and CRLF", "\ufeff" + a + "\r\n" + b + "\r\n", both, ""},
		{"CR alone", a + "\r" + b + "\r", both, ""},
		{"record separators", "\x1e" + a + "\n\x1e" + b + "\n", both, ""},
		{"values without lines", a + b, both, ""},
		{"pretty-printed", pretty + "{\n\"id\": \"b\", \"note\": \"x\\ny\" }", both, ""},
		{"an array", "[" + a + "," + b + "]", both, ""},
		{"a pretty-printed array", "\ufeff[\r\n" + pretty + ",\r\n" + b + "\r\n]\r\n", both, ""},
		{"an empty array", "[]", nil, ""},
		{"nothing", "", nil, ""},
		{"gzip", zipped(t, a+"\n"+b+"\n"), both, ""},
		{"gzip in two members", zipped(t, a+"\n") + zipped(t, b+"\n"), both, ""},
		{"gzip of an array", zipped(t, "\ufeff["+a+",\n"+b+"]"), both, ""},
		{"junk between lines", a + "\nnot json\n" + b + "\n", []string{a, "not json", b}, ""},
		{"junk first", "not json\n" + a + "\n", []string{"not json", a}, ""},
		{"a broken object first", "{\"id\":\n" + a + "\n", []string{"{\"id\":", a}, ""},
		{"an object without its end first", "{\"id\":\"a\n" + a + "\n", []string{"{\"id\":\"a", a}, ""},
		{"one longer than what is looked at", long[:peeked+9], nil, "too long"},
		{"an array that is cut off", "[" + a + ",", []string{a}, "event 2"},
		{"two arrays", "[" + a + "]\n[" + b + "]", []string{a}, "one array"},
		{"junk in an array", "[" + a + ", x]", []string{a}, "event 2"},
		{"junk behind a value that spans lines", pretty + "x\n", []string{a}, "event 2"},
		{"the body of a call", `{"events":[` + a + `]}`, nil, "POST /v1/events"},
		{"the body of a call, pretty-printed", "{\n\"events\":\n[" + a + "]}", nil, "POST /v1/events"},
		{"gzip that is cut off", zipped(t, a+"\n")[:12], nil, "gzip"},
		{"UTF-16", "\xff\xfe{\x00", nil, "UTF-8"},
		{"zstd", "\x28\xb5\x2f\xfd\x00", nil, "zstd -d"},
		{"a spreadsheet", "PK\x03\x04", nil, "JSON lines"},
		{"binary", "{\x00\x01", nil, "JSON lines"},
	} {
		got, err := readAll(t, []byte(c.file))
		if !slices.Equal(got, c.want) && c.says != "too long" {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.says)
		}
	}
	if _, err := readAll(t, []byte("BZh9")); !errors.Is(err, errForm) {
		t.Errorf("got %v", err)
	}
}

// TestFormsAgree: the same events in any form are the same events.
func TestFormsAgree(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		want := rapid.SliceOf(rapid.Custom(func(r *rapid.T) string {
			return fmt.Sprintf(`{"id":%q,"amount":%d}`, rapid.StringMatching(`[a-z]{1,9}`).Draw(r, "id"), rapid.Int().Draw(r, "amount"))
		})).Draw(r, "events")
		for _, file := range []string{
			strings.Join(want, "\n"), strings.Join(want, "\r\n") + "\r\n", "\ufeff" + strings.Join(want, "\n\n"), strings.Join(want, ""), "[" + strings.Join(want, " ,\n") + "]",
			strings.ReplaceAll(strings.Join(want, "\n"), ",", ",\n"),
		} {
			if got, err := readAll(r, []byte(file)); err != nil || !slices.Equal(got, want) {
				r.Fatalf("%.60q: %q, %v", file, got, err)
			}
		}
	})
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("{\"id\":\n1}\n"))
	f.Add([]byte("[1,2"))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := NewLines(bytes.NewReader(b), 1<<10)
		for n := 0; err == nil && l.Next(); n++ {
			if n > len(b) {
				t.Fatal("more events than bytes")
			}
		}
	})
}
