package visible

import (
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"42": "42", " 42": `" 42"`, "42 ": `"42 "`, "": `""`, "a b": "a b", "a  b": `"a  b"`, "a\u00a0b": `"a\u00a0b"`, "a\tb": `"a\tb"`, "a\nb": `"a\nb"`,
		"42\u200b": `"42\u200b"`, "42\u200d": `"42\u200d"`, "4\u200d2": `"4\u200d2"`, "42\ufe0f": `"42\ufe0f"`, "42\u3164": `"42\u3164"`, "a\u034fb": `"a\u034fb"`,
		"\x1b[31mred": `"\x1b[31mred"`, "\u202edrow": `"\u202edrow"`, "a\xff": `"a\xff"`, `"42"`: `"\"42\""`, `say "hi"`: `say "hi"`, "\U000e0041": `"\U000e0041"`,
		"क्\u200dष": "क्\u200dष", "❤\ufe0f": "❤\ufe0f", "👨\u200d👩": "👨\u200d👩", "स्विगी": "स्विगी", "ﷺ": "ﷺ",
	} {
		if got := Text(in); got != want {
			t.Errorf("%q: %s, not %s", in, got, want)
		}
	}
}

// Two texts that differ are shown differently, and what is in quotes can be read back.
func TestDifferentTextsLookDifferent(tt *testing.T) {
	part := rapid.SampledFrom([]string{"a", "b", " ", "  ", "\t", "\u00a0", "\u200b", "\u200d", "\u3164", "\"", "\\", "\x1b", "\xff", "é", "❤", "\ufe0f"})
	rapid.Check(tt, func(t *rapid.T) {
		s := ""
		for _, p := range rapid.SliceOfN(part, 0, 6).Draw(t, "parts") {
			s += p
		}
		shown := Text(s)
		if shown == s {
			if Hides(s) || s == "" || s[0] == '"' {
				t.Fatalf("%q is shown as it is", s)
			}
			return
		}
		if back, err := strconv.Unquote(shown); err != nil || back != s || Hides(shown) {
			t.Fatalf("%q: %s reads back as %q, %v", s, shown, back, err)
		}
	})
}

func TestHasControls(t *testing.T) {
	for text, want := range map[string]bool{"": false, "a\nb\tc\r": false, "नमस्ते": false, "\u200fعربي": false, "\x00": true, "\x1b[2J": true, "\u0085": true, "a\u202eb": true} {
		if got := HasControls(text); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}
