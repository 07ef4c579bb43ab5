package payment

import (
	"strconv"
	"strings"

	"github.com/millrace/millrace/domain/problem"
)

func symbol(currency string) string {
	switch currency {
	case "INR":
		return "₹"
	case "USD":
		return "$"
	case "EUR":
		return "€"
	case "GBP":
		return "£"
	case "JPY":
		return "¥"
	case "KRW":
		return "₩"
	case "NGN":
		return "₦"
	case "PHP":
		return "₱"
	case "VND":
		return "₫"
	default:
		return currency + " "
	}
}

// FormatMoney writes minor units with the currency's symbol, or its code where it has none of its own: ₹500.00, AED
// 5.00, ¥500. The form is the same in every locale. What is no currency is written with two decimals.
func FormatMoney(minor int64, currency string) string {
	text, sign := strconv.FormatInt(minor, 10), ""
	if strings.HasPrefix(text, "-") {
		text, sign = text[1:], "-"
	}
	exponent, known := Exponent(currency)
	if !known {
		exponent = 2
	}
	if exponent == 0 {
		return sign + symbol(currency) + text
	}
	if len(text) <= exponent {
		text = strings.Repeat("0", exponent-len(text)+1) + text
	}
	cut := len(text) - exponent
	return sign + symbol(currency) + text[:cut] + "." + text[cut:]
}

// WholeNumber says how a whole number must be written that text is not: of which unit, and with an example where the
// unit is "minor units" of a currency.
func WholeNumber(text, unit, currency string) string {
	detail := "needs a whole number"
	if unit != "" {
		detail += " of " + unit
	}
	if size := strings.TrimLeft(text, "-+"); len(size) > 1 && size[0] == '0' && strings.Trim(size, "0123456789") == "" {
		detail += " without leading zeros, which some programs take for octal numbers"
	}
	if unit != "minor units" {
		return detail
	}
	currency = ExampleCurrency(currency)
	exponent, _ := Exponent(currency)
	minor := int64(500)
	for range exponent {
		minor *= 10
	}
	return detail + ", e.g. " + strconv.FormatInt(minor, 10) + " for " + FormatMoney(minor, currency)
}

// ExampleCurrency returns the currency, or one for examples where it is none.
func ExampleCurrency(currency string) string {
	if isCurrency(currency) {
		return currency
	}
	return "INR"
}

// currencyHint suggests the currency that somebody meant: one with two letters swapped, else one with another letter if
// there are few.
func currencyHint(code string) string {
	for i := range max(0, len(code)-1) {
		if swapped := code[:i] + code[i+1:i+2] + code[i:i+1] + code[i+2:]; isCurrency(swapped) {
			return problem.Suggest([]string{swapped})
		}
	}
	return problem.Hint(code, Currencies())
}

// CheckCurrency returns what is wrong with the currency of an amount, empty for nothing.
func CheckCurrency(code string) string {
	switch {
	case code == "":
		return "is required"
	case !isCurrency(code):
		return "is not a currency of ISO 4217, in upper case" + currencyHint(code)
	}
	return ""
}

// isCurrency tells whether payments can be in that currency.
func isCurrency(s string) bool {
	_, known := Exponent(s)
	return known
}
