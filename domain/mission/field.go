package mission

import (
	"slices"
	"strings"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/word"
)

// attributePrefix begins the ids of filters on attributes.
const attributePrefix = "attributes."

// fieldKind is the type of an event field; it decides which operators and values fit.
type fieldKind uint8

const (
	noField   fieldKind = iota
	textField           // compared exactly
	wordField           // trimmed and lower-cased by intake, and so are the values
	codeField           // currency: upper case
	moneyField
	timeField
	attributeField // text; numbers compare as numbers
)

// reader returns a text field of a payment and whether the payment has it.
type reader func(f *payment.Facts) (string, bool)

// field is a fact of the payment that filters can look at: all that there is to know of it. Only facts of the payment
// itself are here: what an event reports besides (latency, decline code) does not travel with postings.
type field struct {
	id   string
	kind fieldKind
	// text reads a text, word, code or attribute field, number the others.
	text   reader
	number func(f *payment.Facts) int64
	// sample gives a payment a value of the field, a text or a number, to find out what filters let through.
	sample func(f *payment.Facts, text string, number int64)
	// one tells that all payments of a mission have the same value.
	one bool
	// before is what stands before the value in a sentence: "at " of "at swiggy". Empty: "with user id ".
	before string
	// distinct tells that a goal can tell its values apart.
	distinct bool
	// spread ranks fields by how well their values tell missions apart: missions are found by the one that ranks
	// highest. 0: not by it.
	spread int
}

// fields are all of them but the attributes, in the order of the contract.
var fields = []field{
	always("transaction_id", func(f *payment.Facts) *string { return &f.TransactionID }),
	always("user_id", func(f *payment.Facts) *string { return &f.UserID }),
	// Only payments are judged; their reversals lower the net. Only settled ones are posted.
	{id: "type", kind: wordField, one: true, text: func(*payment.Facts) (string, bool) {
		return payment.Payment.String(), true
	}},
	{id: "status", kind: wordField, one: true, text: func(*payment.Facts) (string, bool) {
		return payment.Success.String(), true
	}},
	{id: "amount", kind: moneyField, number: func(f *payment.Facts) int64 {
		return f.AmountMinor
	}, sample: amountIs, before: "of "},
	{id: "currency", kind: codeField, one: true, text: func(f *payment.Facts) (string, bool) {
		return f.Currency, true
	}, before: "in "},
	{id: "created_at", kind: timeField, number: func(f *payment.Facts) int64 {
		return int64(f.CreatedAt)
	}, sample: createdAt},
	orUnknown("mode", "by ", 1, func(f *payment.Facts) *string { return &f.Mode }),
	orUnknown("instrument", "with ", 2, func(f *payment.Facts) *string { return &f.Instrument }),
	orUnknown("gateway", "through ", 1, func(f *payment.Facts) *string { return &f.Gateway }),
	label(payment.Merchant, "at ", 4),
	label(payment.Category, "on ", 2),
}

// label returns the field of a label.
func label(l payment.Label, before string, spread int) field {
	return orUnknown(l.String(), before, spread, func(f *payment.Facts) *string { return &f.Labels[l] })
}

func amountIs(f *payment.Facts, _ string, number int64) { f.AmountMinor = number }

func createdAt(f *payment.Facts, _ string, number int64) { f.CreatedAt = instant.Milli(number) }

// always returns a text field that every payment has.
func always(id string, at func(f *payment.Facts) *string) field {
	return field{id: id, kind: textField, sample: textAt(at), text: func(f *payment.Facts) (string, bool) {
		return *at(f), true
	}}
}

// orUnknown returns a field that intake writes as unknown where an event lacks it.
func orUnknown(id, before string, spread int, at func(f *payment.Facts) *string) field {
	return field{id: id, kind: wordField, before: before, distinct: true, spread: spread, sample: textAt(at),
		text: func(f *payment.Facts) (string, bool) {
			s := *at(f)
			return s, s != "" && s != payment.Unknown
		}}
}

func textAt(at func(f *payment.Facts) *string) func(*payment.Facts, string, int64) {
	return func(f *payment.Facts, s string, _ int64) { *at(f) = s }
}

// fieldOf returns the event field id. Its kind is noField if filters cannot look at it.
func fieldOf(id string) field {
	if key, ok := strings.CutPrefix(id, attributePrefix); ok && key != "" {
		return field{
			id: id, kind: attributeField, distinct: true, spread: 3, text: func(f *payment.Facts) (string, bool) {
				return f.Attribute(key)
			},
			sample: func(f *payment.Facts, s string, _ int64) {
				f.Attributes = []payment.Attribute{{Key: key, Value: s}}
			},
		}
	}
	if f := word.Find(fields, func(f *field) string { return f.id }, id); f != nil {
		return *f
	}
	return field{id: id}
}

// fieldIDs returns the ids of the fields that are wanted, sorted.
func fieldIDs(wanted func(f field) bool) []string {
	var ids []string
	for _, f := range fields {
		if wanted(f) {
			ids = append(ids, f.id)
		}
	}
	return ids
}

// fieldHint suggests the field that somebody meant.
func fieldHint(id string) string {
	if name, rest, dotted := strings.Cut(id, "."); dotted && rest != "" {
		if len(problem.Nearest(name+".", []string{attributePrefix})) > 0 {
			return problem.Suggest([]string{attributePrefix + "<name>"})
		}
		return ""
	}
	return problem.Hint(id, slices.Sorted(slices.Values(fieldIDs(func(field) bool { return true }))))
}
