package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/millrace/millrace/domain/problem"
)

// Pool is a stock of gift codes. The codes themselves are the budget group's, and never in the catalog.
type Pool struct {
	PoolID      string
	Title       string
	Description string // what the codes are for
	BrandID     string
	State       string // StatusDraft, StatusActive or StatusArchived
	Pattern     CodePattern
	// Added is how many codes were handed on, and Digest tells the last of them; a definition's count for nothing.
	Added  int64
	Digest string
}

// Kind implements Entity.
func (Pool) Kind() Kind { return KindPool }

// ID implements Entity.
func (p Pool) ID() string { return p.PoolID }

// Status implements Entity.
func (p Pool) Status() string { return p.State }

// Number implements Entity.
func (Pool) Number() int64 { return 1 }

func (p Pool) normal() Entity {
	for _, text := range []*string{&p.PoolID, &p.Title, &p.Description, &p.BrandID} {
		*text = strings.TrimSpace(*text)
	}
	p.Added, p.Digest = 0, ""
	return p
}

func (p Pool) validate(Config) problem.List {
	v := &validator{}
	v.definition(p.PoolID, p.State)
	v.text("/title", p.Title, maxTitle)
	v.text("/description", p.Description, maxText)
	v.optionalID("/brand_id", p.BrandID)
	v.codePattern("/code_pattern", p.Pattern)
	return v.problems
}

func (p Pool) put(current Entity, _ *Command, _ Config) (Entity, Change, problem.List) {
	if old, ok := current.(Pool); ok {
		p.Added, p.Digest = old.Added, old.Digest
	}
	return putDefinition(current, p)
}

func (p Pool) withdraw(*Command) (Entity, Change, problem.List) {
	next := p
	next.State = StatusArchived
	return archive(p, next)
}

// The bounds of one command that adds codes. MaxChunkBytes is of all of them together.
const (
	MaxChunk      = 10_000
	MaxChunkBytes = 256 << 10
	MaxCode       = 256
)

// checkCode returns what is wrong with a gift code, empty if nothing is.
func checkCode(code string) string {
	switch {
	case code == "":
		return "is empty"
	case len(code) > MaxCode:
		return "is longer than " + strconv.Itoa(MaxCode) + " bytes"
	case !utf8.ValidString(code) || strings.ContainsFunc(code, unicode.IsControl) || code != strings.TrimSpace(code):
		return "is no code: text without control characters"
	case strings.ContainsFunc(code, func(r rune) bool { return r != ' ' && !drawn(r) }):
		return "has a character that nobody sees, such as a zero-width or no-break space: take it out"
	default:
		return ""
	}
}

// drawn tells whether somebody who types a code sees the character: no format character, no space, no filler, and not
// the mark of text that was lost.
func drawn(r rune) bool {
	const blankBraille, lost = '\u2800', '\ufffd'
	return unicode.IsGraphic(r) && !unicode.Is(unicode.Z, r) && r != blankBraille && r != lost &&
		!unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// CodesDigest tells a list of codes from another without telling the codes.
func CodesDigest(codes []string) string {
	h := sha256.New()
	for _, code := range codes {
		_, _ = h.Write([]byte(strconv.Itoa(len(code)) + ":" + code)) // hash.Hash never fails
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// addCodes counts codes on their way to the budget group. They leave nothing in the catalog but their number and
// digest.
func addCodes(current Entity, c *Command) (Entity, Change, problem.List) {
	p, ok := current.(Pool)
	switch {
	case !ok:
		return nil, Change{}, problem.One("", problem.NotFound, "there is no such pool")
	case p.State == StatusArchived:
		return nil, Change{}, problem.One("", problem.InvalidState, "a pool that is archived takes no codes")
	case len(c.Codes) > MaxChunk:
		return nil, Change{}, problem.One("/codes", problem.InvalidField, "must be at most "+strconv.Itoa(MaxChunk)+
			" at a time")
	}
	check := p.Pattern.Checker()
	for i, code := range c.Codes {
		if wrong := check(code); wrong != "" {
			return nil, Change{}, problem.One("/codes/"+strconv.Itoa(i), problem.InvalidField, wrong)
		}
	}
	p.Added += int64(len(c.Codes))
	p.Digest = CodesDigest(c.Codes)
	return p, Change{Action: ActionCodesAdded, From: p.State, To: p.State}, nil
}
