package traffic

import (
	"strconv"

	"github.com/millrace/millrace/domain/payment"
)

// Poison is one class of lines that cannot be used. Each such line must become exactly one dead letter, by intake.
type Poison struct {
	Class  string
	Reason payment.Reason // of its dead letter
}

// Poisons returns the sixteen classes, in the order in which a Generator goes round them.
func Poisons() []Poison {
	return []Poison{
		{"truncated", payment.Malformed},
		{"not_utf8", payment.Malformed},
		{"not_an_object", payment.Malformed},
		{"trailing_bytes", payment.Malformed},
		{"duplicate_key", payment.Malformed},
		{"nan_amount", payment.Malformed},
		{"unknown_type", payment.UnknownType},
		{"missing_id", payment.InvalidField},
		{"negative_amount", payment.InvalidField},
		{"zero_amount", payment.InvalidField},
		{"fractional_amount", payment.InvalidField},
		{"amount_above_int64", payment.InvalidField},
		{"amount_above_float64", payment.Malformed},
		{"unknown_status", payment.InvalidField},
		{"future_timestamp", payment.FutureTimestamp},
		{"too_large", payment.TooLarge},
	}
}

// The indexes of Poisons that need other bytes than a wrong amount, type or status.
const (
	truncated = iota
	notUTF8
	notAnObject
	trailingBytes
	duplicateKey
	nanAmount
	unknownType
	missingID
	negativeAmount
	zeroAmount
	fractionalAmount
	amountAboveInt64
	amountAboveFloat64
	unknownStatus
	futureTimestamp
	tooLarge
	poisonClasses
)

// inputLimit is the largest value that intake looks at.
const inputLimit = 1 << 20

// farFuture is beyond any bound, so that the verdict does not depend on when the line is sent.
const farFuture = "2999-01-01T00:00:00.000Z"

// appendPoison writes a line that is an ordinary payment but for its class.
func appendPoison(b []byte, class int, id []byte, at int64) []byte {
	start := len(b)
	b = append(b, '{')
	if class != missingID {
		b = append(append(append(b, `"id":"`...), id...), `",`...)
	}
	kind, status, amount := "payment", "success", "12550"
	switch class {
	case unknownType:
		kind = "chargeback"
	case unknownStatus:
		status = "maybe"
	case nanAmount:
		amount = "NaN"
	case negativeAmount:
		amount = "-12550"
	case zeroAmount:
		amount = "0"
	case fractionalAmount:
		amount = "125.5"
	case amountAboveInt64:
		amount = "9223372036854775808"
	case amountAboveFloat64:
		amount = "1e309"
	}
	b = append(append(append(b, `"type":"`...), kind...), `","transaction_id":"`...)
	b = append(append(b, id...), `","user_id":"usr_poison","amount":`...)
	b = append(append(b, amount...), `,"currency":"INR","status":"`...)
	b = append(append(b, status...), `","mode":"upi","instrument":"sbi","gateway":"razorpay"`...)
	switch class {
	case notUTF8:
		b = append(b, ",\"merchant\":\"swiggy\xff\xfe\""...)
	case duplicateKey:
		b = append(b, `,"amount":99900`...)
	}
	b = append(b, `,"updated_at":"`...)
	if class == futureTimestamp {
		b = append(b, farFuture...)
	} else {
		b = appendTime(b, at)
	}
	b = append(b, '"')
	if class == tooLarge {
		b = append(b, `,"note":"`...)
		for len(b)-start <= inputLimit {
			b = append(b, "padding "...)
		}
		b = append(b, '"')
	}
	b = append(b, '}')
	switch class {
	case truncated:
		b = b[:start+(len(b)-start)*2/3]
	case notAnObject:
		b = append(append(append(b[:start], `["payment","`...), id...), `",12550]`...)
	case trailingBytes:
		b = strconv.AppendQuote(b, "and more")
	}
	return b
}
