package feed

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/instant"
)

func TestShift(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{`{"id":"2026-03-01T10:00:00Z","updated_at":"2026-03-01T10:00:00Z"}`, `{"id":"2026-03-01T10:00:00Z","updated_at":"2026-03-01T10:00:01.500Z"}`},
		{` { "a" : {"updated_at":"2026-03-01T10:00:00Z"} ,"created_at" : 1772359200 , "updated_at":1772359200000.5 } `,
			` { "a" : {"updated_at":"2026-03-01T10:00:00Z"} ,"created_at" : "2026-03-01T10:00:01.500Z" , "updated_at":"2026-03-01T10:00:01.500Z" } `},
		{`{"updated\u005fat":"2026-03-01T15:30:00.1239+05:30","x":1e9}`, `{"updated\u005fat":"2026-03-01T10:00:01.623Z","x":1e9}`},
		{`{"at":"2026-03-01T10:00:00Z","type":"clock"}`, `{"at":"2026-03-01T10:00:01.500Z","type":"clock"}`},
		{`{"at":"2026-03-01T10:00:00Z","type":"payment"}`, ""}, // a field of the sender's own
		{`{"updated_at":null,"created_at":"noon"}`, ""},
		{`{"updated_at":"1999-03-01T10:00:00Z"}`, ""}, // intake refuses it, and does so still
		{`{"updated_at":1,"created_at":[],"Updated_At":"2026-03-01T10:00:00Z"}`, ""},
		{`{"updated_at":"2026-03-01T10:00:00Z"`, ""},
		{`{"updated_at":"2026-03-01T10:00:00Z"} x`, ""},
		{`["updated_at","2026-03-01T10:00:00Z"]`, ""},
		{`not json`, ""}, {``, ""}, {`{}`, ""}, {"null", ""},
	} {
		if c.want == "" {
			c.want = c.line
		}
		if got := string(Shift([]byte(c.line), 1500*time.Millisecond)); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.line, got, c.want)
		}
	}
}

// TestShiftKeepsDifferences: whatever form the file has, every time moves by as much, and nothing else changes.
func TestShiftKeepsDifferences(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		type event struct {
			ID        string        `json:"id"`
			Note      string        `json:"note"`
			UpdatedAt instant.Milli `json:"updated_at"`
			CreatedAt instant.Milli `json:"created_at"`
		}
		moment := rapid.Custom(func(r *rapid.T) instant.Milli {
			return instant.Milli(rapid.Int64Range(1_700_000_000_000, 1_800_000_000_000).Draw(r, "at"))
		})
		events := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) event {
			return event{rapid.String().Draw(r, "id"), rapid.String().Draw(r, "note"), moment.Draw(r, "updated"), moment.Draw(r, "created")}
		}), 1, 9).Draw(r, "events")
		by := time.Duration(rapid.Int64Range(-500_000_000_000, 500_000_000_000).Draw(r, "by")) * time.Millisecond
		var lines []string
		for _, e := range events {
			line, err := json.Marshal(e)
			if err != nil {
				r.Fatal(err)
			}
			lines = append(lines, string(line))
		}
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, _ = z.Write([]byte("[" + strings.Join(lines, ",\n") + "]")) // into memory
		_ = z.Close()
		for _, file := range []string{strings.Join(lines, "\n"), "\ufeff" + strings.Join(lines, "\r\n"), "[" + strings.Join(lines, ",") + "]", packed.String()} {
			got, err := readAll(r, []byte(file))
			if err != nil || len(got) != len(events) {
				r.Fatalf("%d of %d: %v", len(got), len(events), err)
			}
			for i, line := range got {
				var e event
				if err := json.Unmarshal(Shift([]byte(line), by), &e); err != nil {
					r.Fatal(err)
				}
				want := events[i]
				want.UpdatedAt, want.CreatedAt = want.UpdatedAt.Add(by), want.CreatedAt.Add(by)
				if e != want {
					r.Fatalf("%+v became %+v", events[i], e)
				}
			}
		}
	})
}
