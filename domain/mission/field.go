package mission

import (
	"maps"
	"slices"
	"strings"

	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/problem"
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

// kindOf returns the type of the event field id, noField if filters cannot look at it. Only facts of the payment itself
// can be filtered on: what an event reports besides (latency, decline code) does not travel with postings.
func kindOf(id string) fieldKind {
	if strings.HasPrefix(id, attributePrefix) && len(id) > len(attributePrefix) {
		return attributeField
	}
	return fieldKinds()[id]
}

// fieldKinds returns the types of the event fields that filters can look at.
func fieldKinds() map[string]fieldKind {
	return map[string]fieldKind{
		"transaction_id": textField, "user_id": textField,
		"type": wordField, "status": wordField, "mode": wordField, "instrument": wordField, "gateway": wordField, "merchant": wordField, "category": wordField,
		"currency": codeField, "amount": moneyField, "created_at": timeField,
	}
}

// fieldHint suggests the field that somebody meant.
func fieldHint(id string) string {
	if name, rest, dotted := strings.Cut(id, "."); dotted && rest != "" {
		if len(problem.Nearest(name+".", []string{attributePrefix})) > 0 {
			return problem.Suggest([]string{attributePrefix + "<name>"})
		}
		return ""
	}
	return problem.Hint(id, slices.Sorted(maps.Keys(fieldKinds())))
}

// reader returns a text field of a payment and whether the payment has it.
type reader func(f *payment.Facts) (string, bool)

// readerOf returns the reader of a text, word, code or attribute field.
func readerOf(id string) reader {
	switch id {
	case "transaction_id":
		return func(f *payment.Facts) (string, bool) { return f.TransactionID, true }
	case "user_id":
		return func(f *payment.Facts) (string, bool) { return f.UserID, true }
	case "type": // only payments are judged; their reversals lower the net
		return func(*payment.Facts) (string, bool) { return payment.Payment.String(), true }
	case "status": // only settled payments are posted
		return func(*payment.Facts) (string, bool) { return payment.Success.String(), true }
	case "currency":
		return func(f *payment.Facts) (string, bool) { return f.Currency, true }
	case "mode":
		return func(f *payment.Facts) (string, bool) { return known(f.Mode) }
	case "instrument":
		return func(f *payment.Facts) (string, bool) { return known(f.Instrument) }
	case "gateway":
		return func(f *payment.Facts) (string, bool) { return known(f.Gateway) }
	case "merchant":
		return func(f *payment.Facts) (string, bool) { return known(f.Merchant) }
	case "category":
		return func(f *payment.Facts) (string, bool) { return known(f.Category) }
	}
	key := strings.TrimPrefix(id, attributePrefix)
	return func(f *payment.Facts) (string, bool) { return f.Attribute(key) }
}

// known tells a value from what intake writes for a missing one.
func known(s string) (string, bool) { return s, s != "" && s != payment.Unknown }
