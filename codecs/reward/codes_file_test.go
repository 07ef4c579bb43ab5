package reward_test

import (
	"github.com/millrace/millrace/codecs/codectest"
	rewardcodec "github.com/millrace/millrace/codecs/reward"

	endian "encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/catalog"
)

// Whatever stands around codes in files of spreadsheets and people is refused by its line, and no other line is.
func TestWhatIsNoCodeIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"gift_card_code": "a heading", "Voucher Code": "a heading", "GiftCardCode": "a heading", "Coupon Number": "a heading", "S.No": "a heading",
		"E-Gift Card Code": "a heading", "PIN": "a heading", "voucher": "a heading", "NULL": "a heading", "n/a": "a heading", "3 codes": "a heading", "Page 1 of 3 code": "",
		"Total: 500": "a total", "TOTAL": "a total", "Subtotal 5": "a total", "Count: 2": "a total", "Grand Total": "a total",
		"sep=;": "separator line", "SEP=,": "separator line", "# exported on Monday": "a comment", "// codes": "a comment", "-- end": "a comment", "#N/A": "a comment", "#REF!": "a comment",
		"4.22E+15": "scientific", "4,22E+15": "2 fields", "\"4,22E+15\"": "scientific", "1E+10": "scientific", "-1.5e-7": "scientific", "4.22E15": "scientific", "4222000000.0": "a fraction",
		"123.50": "a fraction", "1234.5": "a fraction", "0.5": "a fraction", ".5": "a fraction", "1234567.00": "a fraction", "\"123,50\"": "a fraction", "\"1,234,567\"": "a fraction",
		"AF\u200b001": "nobody sees", "AF\u00a0001": "nobody sees", "AF\u00ad001": "nobody sees", "AF\u2028001": "nobody sees", "AF\u3164001": "nobody sees", "AF\ufe0f001": "nobody sees", "AF\ufffd001": "nobody sees",
		"<html><body>": "HTML", "</html>": "HTML", "TRUE": "a placeholder", "False": "a placeholder", "+12345": "a formula", "@AF": "a formula", "=SUM(A1)": "a formula", "-12345": "a formula",
		"{": "no letter", "]": "no letter", "AF.001": "", "1.2.3": "", "AF 001": "", "AF+1": "", "A@B": "",
		"=\"0042\"": "a formula", "'0042": "an apostrophe", "2026-03-01": "a date", "01/03/2026": "a date", "1-Mar": "a date", "2026-03-01 00:00:00": "a date",
		"AF-001,500": "2 fields", "AF-001;500;2027": "3 fields", "AF-001\t500": "2 fields", ",AF-001": "an empty field", "\"AF-001": "not closed", "\"AF\"-001": "behind it", "A\"F": "in the middle",
		"AF;1,2": "apart by different characters", strings.Repeat("x", 257): "longer than 256",
		// codes
		"AF-001": "", "CODE-17": "", "GIFT100": "", "12E45": "", "1234567890123456": "", "4E10": "", "ABCDEFGH": "", "XK9 QQ2 11": "", "\"AF-001\"": "", "AF-001;;": "", "\"A\"\"F1\"": "",
		"0042": "", "a+b/c==": "", "ключ-42": "", "1234-5678-9012": "", "TOTALLY-9": "",
	} {
		file := rewardcodec.ReadCodes([]byte("BB-100\n"+text+"\nBB-102\n"), catalog.CodePattern{})
		switch {
		case text == "Page 1 of 3 code":
		case want == "" && (file.Refused != 0 || len(file.Codes) != 3):
			t.Errorf("%q: %v", text, file.Problems)
		case want != "" && (file.Refused != 1 || len(file.Codes) != 2 || file.Problems[0].Pointer != "/lines/2" || !strings.Contains(file.Problems[0].Detail, want)):
			t.Errorf("%q: %d codes, %v, want %q", text, len(file.Codes), file.Problems, want)
		}
		for _, p := range file.Problems {
			if len(text) > 4 && strings.Contains(p.Detail, text) {
				t.Errorf("%q is echoed: %s", text, p.Detail)
			}
		}
	}
}

func TestDialectsOfCodes(t *testing.T) {
	for name, c := range map[string]struct {
		file []byte
		want rewardcodec.CodesDialect
	}{
		"plain":      {[]byte("A-1\nA-2\n"), rewardcodec.CodesDialect{Encoding: "utf-8", LineEnds: "lf"}},
		"header":     {[]byte("\n\nCode\nA-1\nA-2"), rewardcodec.CodesDialect{Encoding: "utf-8", LineEnds: "lf", Header: "Code"}},
		"Excel":      {[]byte("\ufeffcodes;\r\n\"A-1\";\r\nA-2;\r\n;\r\n"), rewardcodec.CodesDialect{Encoding: "utf-8", ByteOrderMark: true, LineEnds: "crlf", Separator: ";", Quote: `"`, Header: "codes"}},
		"Unicode":    {codectest.UTF16("A-1\t\r\nA-2\t\r\n", endian.LittleEndian, true), rewardcodec.CodesDialect{Encoding: "utf-16le", ByteOrderMark: true, LineEnds: "crlf", Separator: "\t"}},
		"big endian": {codectest.UTF16("A-1\nA-2\n", endian.BigEndian, false), rewardcodec.CodesDialect{Encoding: "utf-16be", LineEnds: "lf"}},
		"old Mac":    {[]byte("code\rA-1\rA-2\r"), rewardcodec.CodesDialect{Encoding: "utf-8", LineEnds: "cr", Header: "code"}},
	} {
		file := rewardcodec.ReadCodes(c.file, catalog.CodePattern{})
		if diff := cmp.Diff(c.want, file.Dialect); diff != "" || fmt.Sprint(file.Codes) != "[A-1 A-2]" {
			t.Errorf("%s: %v %v %s", name, file.Codes, file.Problems, diff)
		}
	}
}

func TestLinesThatAreLikeNoOther(t *testing.T) {
	for text, want := range map[string]string{
		"Gutscheinnummern\nAF-001\nAF-002": "[/lines/1]", "AF-001\nAF-002\nFine!": "[/lines/3]", "ABCDEF\nAF-001": "[]", "ABCDEFG\nAF-001\nXYZ": "[]",
		"4221234567890120000\n4221234567890130000\nAF-1": "[/lines/2 /lines/1]", "4221234567890120000\n4221234567890123456": "[]", "4221234567890120": "[]",
	} {
		file := rewardcodec.ReadCodes([]byte(text), catalog.CodePattern{})
		at := []string{}
		for _, p := range file.Problems {
			at = append(at, p.Pointer)
		}
		if fmt.Sprint(at) != want || len(file.Codes)+file.Refused != strings.Count(text, "\n")+1 {
			t.Errorf("%q: %v, %v", text, file.Problems, file.Codes)
		}
	}
	// A pattern says more than what the other lines are like.
	if file := rewardcodec.ReadCodes([]byte("ABCDEFGH\nAF-001"), catalog.CodePattern{MinLength: 5}); file.Refused != 0 {
		t.Error(file.Problems)
	}
}

func TestPatternsOfCodes(t *testing.T) {
	pattern := catalog.CodePattern{MinLength: 16, MaxLength: 16, Alphabet: "0-9", CheckDigit: catalog.CheckLuhn}
	file := rewardcodec.ReadCodes([]byte("code\n4111111111111111\n4111111111111112\n411111111111111\n411111111111111A\n4111111111111111\n"), pattern)
	if fmt.Sprint(file.Codes) != "[4111111111111111]" || file.Refused != 3 || file.Duplicates != 1 || fmt.Sprint(file.RepeatedLines) != "[6]" {
		t.Errorf("%+v", file)
	}
	if diff := cmp.Diff([]rewardcodec.CodeShape{{Shape: "9999999999999999", Codes: 1, Line: 2}}, file.Shapes); diff != "" {
		t.Error(diff)
	}
	for i, want := range []string{"luhn", "at least 16", "alphabet"} {
		if p := file.Problems[i]; p.Pointer != fmt.Sprintf("/lines/%d", i+3) || !strings.Contains(p.Detail, want) || strings.Contains(p.Detail, "4111") {
			t.Errorf("%v", p)
		}
	}
}

func TestFilesWithoutCodes(t *testing.T) {
	for text, pointer := range map[string]string{"": "/lines", "code\n\n": "/lines", "\xff\xfe": "/lines", "A\n\xff": "/lines/2", "A\x00B\n": "/lines/1"} {
		if file := rewardcodec.ReadCodes([]byte(text), catalog.CodePattern{}); len(file.Problems) != 1 || file.Problems[0].Pointer != pointer {
			t.Errorf("%q: %v", text, file.Problems)
		}
	}
}

// Whatever a file is, every line is a code, a duplicate, blank, the header or refused; and it takes no time out of
// proportion.
func TestEveryLineIsAccountedFor(tt *testing.T) {
	rapid.Check(tt, func(t *rapid.T) {
		line := rapid.OneOf(rapid.StringMatching(`[A-Z0-9]{1,12}`), rapid.StringMatching(`[ -~]{0,30}`), rapid.SampledFrom([]string{"", "code", ";;", "sep=;", "4.2E+15", "\"a\"", "Total"}))
		lines := rapid.SliceOfN(line, 1, 30).Draw(t, "lines")
		file := rewardcodec.ReadCodes([]byte(strings.Join(lines, "\n")+"\n"), catalog.CodePattern{})
		header := 0
		if file.Dialect.Header != "" {
			header = 1
		}
		if sum := len(file.Codes) + file.Duplicates + file.Blank + file.Refused + header; sum != len(lines) {
			t.Fatalf("%d lines: %+v", len(lines), file)
		}
		for _, code := range file.Codes {
			if slices.Contains([]string{"code", "sep=;", "4.2E+15", "Total"}, code) {
				t.Fatalf("%q is taken", code)
			}
		}
	})
}

// A body as large as may be sent is read within what a caller waits for.
func TestLargeFilesOfCodes(t *testing.T) {
	var b strings.Builder
	for i := range 400_000 {
		fmt.Fprintf(&b, "VOUCHERGIFTCARDX%d\n", i)
	}
	done := make(chan *rewardcodec.CodesFile)
	go func() { done <- rewardcodec.ReadCodes([]byte(b.String()), catalog.CodePattern{}) }()
	select {
	case file := <-done:
		if len(file.Codes) != 400_000 {
			t.Errorf("%d codes, %v", len(file.Codes), file.Problems)
		}
	case <-time.After(2 * time.Minute):
		t.Fatal("it takes minutes")
	}
}
