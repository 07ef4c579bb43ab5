package reward

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/problem"
)

// CodesFile is what was read of a file of gift codes: one a line. What is not surely a code is a problem; whoever takes
// the codes takes none of a file with problems.
type CodesFile struct {
	Dialect CodesDialect
	Codes   []string // each once, in the order of the file
	Blank   int      // lines with nothing in them
	// Duplicates counts codes that were in the file before, RepeatedLines the first of their lines.
	Duplicates    int
	RepeatedLines []int
	Refused       int          // lines with a problem
	Problems      problem.List // the first of them, by pointer /lines/<number>; codes are not repeated
	Shapes        []CodeShape  // of the codes, most frequent first
}

// CodesDialect is how a file is written.
type CodesDialect struct {
	Encoding      string `json:"encoding" enum:"utf-8,utf-16le,utf-16be"`
	ByteOrderMark bool   `json:"byte_order_mark"`
	LineEnds      string `json:"line_ends" enum:"lf,crlf,cr"`
	Separator     string `json:"separator" doc:"Between fields; empty: no line has one"`
	Quote         string `json:"quote" doc:"Around fields; empty: no field has one"`
	Header        string `json:"header" doc:"The first line, where it is code or codes; empty: there is none"`
}

// CodeShape is what several codes look like: digits are 9, letters A or a, all else is as it is.
type CodeShape struct {
	Shape string `json:"shape" example:"AA-999"`
	Codes int    `json:"codes"`
	Line  int    `json:"line" doc:"The first line with such a code"`
}

// The most that is said of one file.
const (
	maxCodeProblems = 20
	maxShapes       = 10
	maxShapeLength  = 64
)

// ReadCodes reads a file of gift codes for a pool with a pattern.
func ReadCodes(b []byte, pattern catalog.CodePattern) *CodesFile {
	r := &codesReader{seen: map[string]bool{}, headings: headings(), check: pattern.Checker(),
		bare: pattern == catalog.CodePattern{}, anything: pattern.Alphabet == ""}
	r.file.Dialect = dialectOf(b)
	text, err := doc.DecodeText(b)
	var at *doc.PlaceError
	if errors.As(err, &at) {
		r.refuse(at.Line, at.Text)
		return &r.file
	} else if err != nil {
		r.file.Refused, r.file.Problems = 1, problem.One("/lines", problem.InvalidField, err.Error())
		return &r.file
	}
	if r.file.Dialect.LineEnds == "cr" {
		text = strings.ReplaceAll(text, "\r", "\n")
	}
	number := 0
	for line := range strings.SplitSeq(text, "\n") {
		number++
		r.line(number, line)
	}
	r.file.Blank-- // what is behind the last line end
	if !strings.HasSuffix(text, "\n") {
		r.file.Blank++
	}
	r.outliers()
	r.rounded()
	r.shape()
	if len(r.file.Codes) == 0 && r.file.Refused == 0 {
		r.file.Problems = problem.One("/lines", problem.InvalidField, "the file holds no codes")
	}
	return &r.file
}

// drop refuses a code that was taken.
func (r *codesReader) drop(i int, detail string) {
	r.refuse(r.lines[i], detail)
	r.file.Codes, r.lines = slices.Delete(r.file.Codes, i, i+1), slices.Delete(r.lines, i, i+1)
}

// shape tells what the codes look like.
func (r *codesReader) shape() {
	shapes := map[string]*CodeShape{}
	for i, code := range r.file.Codes {
		shape := shapeOf(code)
		if shapes[shape] == nil {
			shapes[shape] = &CodeShape{Shape: shape, Line: r.lines[i]}
		}
		shapes[shape].Codes++
	}
	for _, s := range shapes {
		r.file.Shapes = append(r.file.Shapes, *s)
	}
	slices.SortFunc(r.file.Shapes, func(a, b CodeShape) int {
		return cmp.Or(cmp.Compare(b.Codes, a.Codes), cmp.Compare(a.Line, b.Line))
	})
	r.file.Shapes = r.file.Shapes[:min(len(r.file.Shapes), maxShapes)]
}

// dialectOf tells how a file is encoded; the rest is found line by line.
func dialectOf(b []byte) CodesDialect {
	d := CodesDialect{Encoding: "utf-8", LineEnds: "lf"}
	order := doc.UTF16Order(b)
	switch {
	case order == nil:
		d.ByteOrderMark = bytes.HasPrefix(b, []byte("\ufeff"))
	case order.Uint16([]byte{1, 0}) == 1:
		d.Encoding, d.ByteOrderMark = "utf-16le", b[0] == 0xff
	default:
		d.Encoding, d.ByteOrderMark = "utf-16be", b[0] == 0xfe
	}
	plain := bytes.ReplaceAll(b, []byte{0}, nil)
	switch {
	case bytes.Contains(plain, []byte("\r\n")):
		d.LineEnds = "crlf"
	case bytes.ContainsRune(plain, '\r') && !bytes.ContainsRune(plain, '\n'):
		d.LineEnds = "cr"
	}
	return d
}

type codesReader struct {
	headings map[string]bool
	file     CodesFile
	check    func(code string) string
	bare     bool // the pool says nothing of its codes
	anything bool // the pool does not say which characters its codes have
	seen     map[string]bool
	lines    []int // of the codes taken
	begun    bool  // a line with something in it was there
}

// refuse tells of a line; a line is told of once.
func (r *codesReader) refuse(line int, detail string) {
	r.file.Refused++
	if len(r.file.Problems) < maxCodeProblems {
		r.file.Problems = append(r.file.Problems,
			problem.Problem{Pointer: fmt.Sprintf("/lines/%d", line), Code: problem.InvalidField, Detail: detail})
	}
}

func (r *codesReader) line(number int, line string) {
	if strings.TrimSpace(line) == "" {
		r.file.Blank++
		return
	}
	if wrong := marker(line); wrong != "" {
		r.refuse(number, wrong)
		return
	}
	first := !r.begun
	r.begun = true
	fields, wrong := r.split(line)
	code, filled := "", 0
	for _, f := range fields {
		if f != "" {
			code, filled = f, filled+1
		}
	}
	switch {
	case wrong != "":
		r.refuse(number, wrong)
	case filled == 0:
		r.file.Blank++
	case filled > 1:
		r.refuse(number, fmt.Sprintf("has %d fields: upload the codes alone, one a line", filled))
	case fields[0] == "":
		r.refuse(number, "begins with an empty field: upload the codes alone, one a line")
	case first && (strings.EqualFold(code, "code") || strings.EqualFold(code, "codes")):
		r.file.Dialect.Header = code
	default:
		r.code(number, code, first)
	}
}

func (r *codesReader) code(number int, code string, first bool) {
	wrong := r.suspicion(code)
	if wrong == "" {
		wrong = r.check(code)
	} else if first {
		wrong += "; a header is code, or none"
	}
	switch {
	case wrong != "":
		r.refuse(number, wrong)
	case r.seen[code]:
		if r.file.Duplicates++; len(r.file.RepeatedLines) < maxCodeProblems {
			r.file.RepeatedLines = append(r.file.RepeatedLines, number)
		}
	default:
		r.seen[code] = true
		r.file.Codes, r.lines = append(r.file.Codes, code), append(r.lines, number)
	}
}

// split returns the fields of a line, and what is wrong with it.
func (r *codesReader) split(line string) (fields []string, wrong string) {
	separator := byte(0)
	for rest := line; ; {
		rest = strings.TrimLeft(rest, " ")
		var field string
		if strings.HasPrefix(rest, `"`) {
			var ok bool
			if field, rest, ok = quoted(rest); !ok {
				return nil, "has a quote that is not closed, or something behind it"
			}
			r.file.Dialect.Quote = `"`
		} else {
			end := strings.IndexAny(rest, ",;\t|")
			if end < 0 {
				end = len(rest)
			}
			field, rest = strings.TrimSpace(rest[:end]), rest[end:]
			if strings.Contains(field, `"`) {
				return nil, "has a quote in the middle of a field"
			}
		}
		fields = append(fields, strings.TrimSpace(field))
		if rest == "" {
			return fields, ""
		}
		if separator != 0 && rest[0] != separator {
			return nil, "has fields apart by different characters"
		}
		separator, rest = rest[0], rest[1:]
		if d := &r.file.Dialect; d.Separator == "" {
			d.Separator = string(separator)
		}
	}
}

// quoted returns the field in quotes that a text begins with, and what begins with the separator behind it.
func quoted(text string) (field, rest string, ok bool) {
	var b strings.Builder
	for rest = text[1:]; ; {
		end := strings.IndexByte(rest, '"')
		if end < 0 {
			return "", "", false
		}
		b.WriteString(rest[:end])
		if rest = rest[end+1:]; !strings.HasPrefix(rest, `"`) {
			break
		}
		b.WriteByte('"')
		rest = rest[1:]
	}
	rest = strings.TrimLeft(rest, " ")
	return b.String(), rest, rest == "" || strings.IndexByte(",;\t|", rest[0]) >= 0
}

func shapeOf(code string) string {
	shape := []rune(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsDigit(r):
			return '9'
		case unicode.IsUpper(r):
			return 'A'
		case unicode.IsLetter(r):
			return 'a'
		default:
			return r
		}
	}, code))
	return string(shape[:min(len(shape), maxShapeLength)])
}
