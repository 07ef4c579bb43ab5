package catalog

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/verdict"
)

func TestCodePatterns(t *testing.T) {
	for _, c := range []struct {
		pattern CodePattern
		code    string
		want    string
	}{
		{CodePattern{}, "anything at all", ""}, {CodePattern{}, " x", "is no code"}, {CodePattern{}, "", "is empty"},
		{CodePattern{MinLength: 3, MaxLength: 5}, "ab", "at least 3"}, {CodePattern{MinLength: 3, MaxLength: 5}, "äöüßé", ""}, {CodePattern{MinLength: 3, MaxLength: 5}, "abcdef", "at most 5"},
		{CodePattern{Alphabet: "0-9A-F-"}, "12-AF", ""}, {CodePattern{Alphabet: "0-9A-F"}, "12-AF", "alphabet"}, {CodePattern{Alphabet: "-a"}, "a-a", ""}, {CodePattern{Alphabet: "a-c"}, "abcd", "alphabet"},
		{CodePattern{CheckDigit: CheckLuhn}, "4539 1488 0343 6467", ""}, {CodePattern{CheckDigit: CheckLuhn}, "4539-1488-0343-6476", "luhn"},
		{CodePattern{CheckDigit: CheckLuhn}, "0", "luhn"}, {CodePattern{CheckDigit: CheckLuhn}, "A0", "luhn"}, {CodePattern{CheckDigit: CheckLuhn}, "gift_card_code", "luhn"},
		{CodePattern{CheckDigit: CheckMod97}, "WEST12345698765432GB82", ""}, {CodePattern{CheckDigit: CheckMod97}, "WEST12345698765432GB28", "mod97"}, {CodePattern{CheckDigit: CheckMod97}, "--", "mod97"},
	} {
		got := c.pattern.Checker()(c.code)
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) || len(c.code) > 5 && strings.Contains(got, c.code) {
			t.Errorf("%+v %q: %q, want %q", c.pattern, c.code, got, c.want)
		}
	}
	for want, p := range map[string]CodePattern{
		"/code_pattern/min_length": {MinLength: -1}, "/code_pattern/max_length": {MinLength: 9, MaxLength: 8}, "/code_pattern/alphabet": {Alphabet: "9-0"}, "/code_pattern/check_digit": {CheckDigit: "crc"},
	} {
		if got := Check(Pool{PoolID: "p", State: StatusActive, Pattern: p}, DefaultConfig()); len(got) != 1 || got[0].Pointer != want {
			t.Errorf("%+v: %v", p, got)
		}
	}
}

// A pattern that no code can fit is refused with its pool; one that some code fits is not.
func TestPatternsThatNothingFits(t *testing.T) {
	for _, c := range []struct {
		pattern CodePattern
		want    string
	}{
		{CodePattern{Alphabet: "A-Z", CheckDigit: CheckLuhn}, "luhn"}, {CodePattern{MinLength: 1, MaxLength: 1, CheckDigit: CheckMod97}, "mod97"},
		{CodePattern{MinLength: 1, MaxLength: 1, CheckDigit: CheckLuhn}, "luhn"}, {CodePattern{MaxLength: 2, CheckDigit: CheckMod97}, "mod97"},
		{CodePattern{Alphabet: "5", MinLength: 2, MaxLength: 2, CheckDigit: CheckLuhn}, "luhn"}, {CodePattern{Alphabet: "é", CheckDigit: CheckMod97}, "mod97"},
		{CodePattern{Alphabet: "5A", MinLength: 11, MaxLength: 11, CheckDigit: CheckLuhn}, "luhn"}, // ten fives would do, without a letter
		{CodePattern{Alphabet: "-.", CheckDigit: CheckMod97}, "mod97"}, {CodePattern{Alphabet: " \u200b"}, "visible"}, {CodePattern{Alphabet: "あ", MinLength: 86}, "256 bytes"},
		{CodePattern{Alphabet: "0-9", MinLength: 16, MaxLength: 16, CheckDigit: CheckLuhn}, ""}, {CodePattern{Alphabet: "A-Z0-9", CheckDigit: CheckMod97}, ""},
		{CodePattern{Alphabet: "0", MinLength: 2, MaxLength: 2, CheckDigit: CheckLuhn}, ""}, {CodePattern{Alphabet: "0-9A-Z-", MinLength: 19, MaxLength: 19, CheckDigit: CheckLuhn}, ""},
		{CodePattern{MinLength: 256, CheckDigit: CheckMod97}, ""}, {CodePattern{Alphabet: "あ", MinLength: 85}, ""}, {CodePattern{}, ""}, {CodePattern{MinLength: 256}, ""},
	} {
		got := ""
		for _, p := range Check(Pool{PoolID: "p", State: StatusActive, Pattern: c.pattern}, DefaultConfig()) {
			got += p.Pointer + ": " + p.Detail
		}
		if (got == "") != (c.want == "") || got != "" && (!strings.HasPrefix(got, "/code_pattern: fits no code") || !strings.Contains(got, c.want)) {
			t.Errorf("%+v: %q, want %q", c.pattern, got, c.want)
		}
	}
}

// What is said of a small pattern is what trying every code says.
func TestUnfitIsWhatTryingSays(tt *testing.T) {
	rapid.Check(tt, func(t *rapid.T) {
		chars := rapid.SampledFrom([]string{"5", "05", "7A", "A", "-5", "3-7", "AB", "9Z"}).Draw(t, "alphabet")
		length := rapid.Int64Range(1, 4).Draw(t, "length")
		p := CodePattern{MinLength: length, MaxLength: length, Alphabet: chars, CheckDigit: rapid.SampledFrom([]string{CheckLuhn, CheckMod97}).Draw(t, "check")}
		codes := []string{""}
		for range length {
			var longer []string
			for _, code := range codes {
				for char := byte(' '); char < 127; char++ {
					if ranges, _ := parseAlphabet(chars); ranges.has(rune(char)) {
						longer = append(longer, code+string(char))
					}
				}
			}
			codes = longer
		}
		fits := false
		for _, code := range codes {
			fits = fits || p.Checker()(code) == ""
		}
		if fits == (p.unfit() != "") {
			t.Fatalf("%+v: fits %t, %q", p, fits, p.unfit())
		}
	})
}

// One digit that is wrong, or two neighbours that are swapped, are always noticed (but 09 and 90 by luhn).
func TestCheckDigitsNoticeSlips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.StringMatching(`[0-9]{4,18}`).Draw(t, "body")
		code := ""
		for _, last := range "0123456789" {
			if luhn(body + string(last)) {
				code = body + string(last)
			}
		}
		i := rapid.IntRange(0, len(code)-1).Draw(t, "place")
		digit := rapid.SampledFrom([]byte("0123456789")).Draw(t, "digit")
		slip := code[:i] + string(digit) + code[i+1:]
		if code == "" || !luhn(code) || slip != code && luhn(slip) {
			t.Fatalf("%s, %s", code, slip)
		}
	})
}

// The catalog itself holds codes against the pattern, whoever sends them.
func TestTheCatalogChecksPatterns(t *testing.T) {
	row, _ := Apply(nil, NewPut("c1", "a", 1, Pool{PoolID: "p", State: StatusActive, Pattern: CodePattern{MinLength: 5}}), DefaultConfig())
	_, e := Apply(row, NewCodes("c2", "a", 2, "p", []string{"A-001", "A"}), DefaultConfig())
	if e.Result != verdict.Refused || len(e.Problems) != 1 || e.Problems[0].Pointer != "/codes/1" || e.Problems[0].Code != problem.InvalidField {
		t.Errorf("%+v", e)
	}
}
