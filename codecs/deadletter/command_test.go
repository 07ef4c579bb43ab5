package deadletter

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/deadletter"
	"github.com/millrace/millrace/domain/instant"
)

func TestLetterCommandRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, bytes := rapid.String(), rapid.SliceOfN(rapid.Byte(), 1, 9)
		c := &deadletter.Command{
			ID: text.Draw(t, "id"), Op: deadletter.Op(text.Draw(t, "op")), LetterID: text.Draw(t, "letter"), Actor: text.Draw(t, "actor"), Role: text.Draw(t, "role"),
			At: instant.Milli(rapid.Int64().Draw(t, "at")), Reason: text.Draw(t, "reason"), Partition: rapid.Int32().Draw(t, "partition"), Offset: rapid.Int64().Draw(t, "offset"),
			Key: bytes.Draw(t, "key"), Value: bytes.Draw(t, "value"), Edited: rapid.Bool().Draw(t, "edited"),
			Proof:   audit.Proof{By: audit.ProofBy(text.Draw(t, "proof")), Issuer: text.Draw(t, "issuer"), Role: text.Draw(t, "proved role")},
			Headers: []deadletter.Header{{Name: text.Draw(t, "header"), Value: bytes.Draw(t, "header value")}},
		}
		b, err := Command{}.Encode(c)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Command{}.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c, back); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzLetterCommand(f *testing.F) {
	b, err := Command{}.Encode(&deadletter.Command{ID: "a", Op: deadletter.Replay, Value: []byte("v"), Headers: []deadletter.Header{{Name: "h"}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte{letterCommandVersion, 12<<3 | 2, 9})
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Command{}.Decode(b)
		if err != nil {
			return
		}
		if _, err := (Command{}).Encode(c); err != nil {
			t.Fatal(err)
		}
	})
}

func TestReplayRequest(t *testing.T) {
	for body, want := range map[string]string{
		`{}`: "", `{"reason":"r"}`: "r", `{"raw_base64":"aGk=","reason":"r"}`: "rhi", `{"raw_base64":""}`: "",
	} {
		reason, raw, err := ReplayRequest([]byte(body))
		if err != nil || reason+string(raw) != want {
			t.Errorf("%s: %q %q %v", body, reason, raw, err)
		}
	}
	if _, raw, err := ReplayRequest([]byte(`{"raw_base64":""}`)); err != nil || raw == nil {
		t.Errorf("no bytes at all are an edit, too: %v", err)
	}
	for _, body := range []string{`{"raw_base64":"%"}`, `{"raw_base64":5}`, `{"raw":"aGk="}`, `[]`, `x`} {
		if _, _, err := ReplayRequest([]byte(body)); err == nil {
			t.Errorf("%s was taken", body)
		}
	}
}
