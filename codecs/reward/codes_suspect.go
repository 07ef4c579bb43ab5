package reward

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What spreadsheets make of codes, and what people write around them.
var (
	scientificPattern = regexp.MustCompile(`^[-+]?[0-9]+([.,][0-9]+)?[eE][-+][0-9]+$|^[-+]?[0-9]+[.,][0-9]+[eE][0-9]+$`)
	fractionPattern   = regexp.MustCompile(`^[0-9]*[.,][0-9]*$|^[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?$`)
	datePattern       = regexp.MustCompile(`^([0-9]{4}-[0-9]{2}-[0-9]{2}([ T].*)?|[0-9]{1,2}([/.-])[0-9]{1,2}[/.-]([0-9]{2}|[0-9]{4})|(?i:[0-9]{1,2}-(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*))$`)
	totalPattern      = regexp.MustCompile(`^(?i:totals?|sub-?total|grand total|sum|count|summe|gesamt|anzahl)([^A-Za-z].*)?$`)
)

// marker says why a line is none with a code at all: a spreadsheet's separator line, or a comment.
func marker(line string) string {
	line = strings.TrimSpace(line)
	switch {
	case len(line) >= 4 && strings.EqualFold(line[:4], "sep="):
		return "is a spreadsheet's separator line: take it out"
	case strings.HasPrefix(line, "#"), strings.HasPrefix(line, "//"), strings.HasPrefix(line, "--"):
		return "looks like a comment: take it out"
	case strings.HasPrefix(line, "="):
		return "is a formula: export values"
	case strings.HasPrefix(line, "'"):
		return "begins with an apostrophe, a spreadsheet's mark of a text: export values"
	}
	return ""
}

// suspicion says why a text is surely not a code, although it might be taken for one.
// It never repeats the text.
func (r *codesReader) suspicion(code string) string {
	switch {
	case marker(code) != "":
		return marker(code)
	case scientificPattern.MatchString(code):
		return "is a number that a spreadsheet has made scientific: its digits are lost; export the column as text"
	case r.anything && fractionPattern.MatchString(code):
		return "is a fraction or a number with separators, which a program has made of a code: export the column as text"
	case r.anything && strings.ContainsRune("+-@", rune(code[0])):
		return "begins like a formula or a number with a sign: export the column as text"
	case r.anything && strings.ContainsAny(code, "<>"):
		return "looks like HTML or XML: upload the codes alone, one a line"
	case r.anything && !strings.ContainsFunc(code, func(c rune) bool {
		return unicode.IsLetter(c) || unicode.IsDigit(c)
	}):
		return "has no letter and no digit: take it out"
	case r.bare && datePattern.MatchString(code):
		return "is a date, perhaps one that a spreadsheet has made of a code: export the column as text, or give the pool a code_pattern"
	case totalPattern.MatchString(code):
		return "looks like a total: take it out"
	case isHeading(code, r.headings):
		return "looks like a heading, a placeholder or a remark: take it out"
	}
	return ""
}

// headings returns the words that headings of columns, placeholders and remarks are made of, longest forms included.
func headings() map[string]bool {
	words := map[string]bool{}
	for _, w := range strings.Fields(`code codes gift gifts card cards voucher vouchers coupon coupons serial serials pin pins number numbers no nr num
		nos sr sl sno slno srno key keys id ids sku name value values amount amounts denomination balance currency expiry expires expiration date validity valid until
		status brand product item title type column row line end eof list file export sheet promo promotion promotional ecard egift evoucher
		gutschein gutscheine gutscheincode gutscheinnummer nummer kode codigo kupon null none nil na nan undefined empty true false test example sample the of and`) {
		words[w] = true
	}
	return words
}

// isHeading tells whether a text consists of words of headings alone, however they are joined; with numbers only where
// there are spaces, as in "3 codes": CODE-1 may be a code.
func isHeading(text string, known map[string]bool) bool {
	if len(text) > maxShapeLength || !strings.ContainsFunc(text, unicode.IsLetter) {
		return false
	}
	spaced := strings.ContainsAny(text, " :")
	var words strings.Builder
	for _, c := range text {
		switch {
		case c >= utf8.RuneSelf, c >= '0' && c <= '9' && !spaced:
			return false
		case unicode.IsLetter(c):
			words.WriteRune(unicode.ToLower(c))
		}
	}
	return made(words.String(), known)
}

// made tells whether a word is known words, one behind the other.
func made(word string, known map[string]bool) bool {
	reached := make([]bool, len(word)+1)
	reached[0] = true
	for end := 1; end <= len(word); end++ {
		for start := range end {
			if reached[start] && known[word[start:end]] {
				reached[end] = true
				break
			}
		}
	}
	return reached[len(word)]
}

// outliers refuses a first or last line that is like no other: words of a heading or a remark in another language,
// where every other code has digits and another length. The pattern of a pool says more.
func (r *codesReader) outliers() {
	n := len(r.file.Codes)
	if !r.bare || n < 2 {
		return
	}
	for _, i := range []int{n - 1, 0} {
		if code := r.file.Codes[i]; !strings.ContainsFunc(code, unicode.IsDigit) && r.unlike(i) {
			r.drop(i, fmt.Sprintf("has no digit and another length, unlike all %d other codes: take it out, or give the pool a code_pattern", n-1))
		}
	}
}

func (r *codesReader) unlike(i int) bool {
	for j, other := range r.file.Codes {
		if j != i && (!strings.ContainsFunc(other, unicode.IsDigit) || len(other) == len(r.file.Codes[i])) {
			return false
		}
	}
	return true
}

// exactDigits is how many digits of a number spreadsheets keep.
const exactDigits = 15

// rounded refuses numbers of more digits than spreadsheets keep that all end in zeros from there on.
func (r *codesReader) rounded() {
	var long []int
	for i, code := range r.file.Codes {
		if len(code) <= exactDigits || strings.ContainsFunc(code, func(c rune) bool { return c < '0' || c > '9' }) {
			continue
		}
		if strings.Trim(code[exactDigits:], "0") != "" {
			return
		}
		long = append(long, i)
	}
	if len(long) < 2 {
		return
	}
	for _, i := range slices.Backward(long) {
		r.drop(i, "all digits beyond the 15th are 0, in every such line: a spreadsheet has rounded them; export the column as text")
	}
}
