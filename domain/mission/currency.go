package mission

import (
	"strconv"
	"strings"
)

// Exponent returns how many decimal places the minor unit of an ISO 4217 currency has; 2 for those not listed.
func Exponent(currency string) int {
	switch currency {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	case "CLF", "UYW":
		return 4
	default:
		return 2
	}
}

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

// FormatMoney writes minor units with the currency's symbol, or its code where it has none of its own: ₹500.00, AED 5.00,
// ¥500. The form is the same in every locale.
func FormatMoney(minor int64, currency string) string {
	text, sign := strconv.FormatInt(minor, 10), ""
	if strings.HasPrefix(text, "-") {
		text, sign = text[1:], "-"
	}
	exponent := Exponent(currency)
	if exponent == 0 {
		return sign + symbol(currency) + text
	}
	if len(text) <= exponent {
		text = strings.Repeat("0", exponent-len(text)+1) + text
	}
	cut := len(text) - exponent
	return sign + symbol(currency) + text[:cut] + "." + text[cut:]
}

// ParseMoney turns an amount in whole units such as 100.00 into minor units of currency. It refuses more decimal places
// than the currency has, and what does not fit int64.
func ParseMoney(amount, currency string) (int64, bool) {
	d, ok := parseDecimal(amount)
	exponent := Exponent(currency)
	if !ok || len(d.fraction) > exponent {
		return 0, false
	}
	text := d.whole + d.fraction + strings.Repeat("0", exponent-len(d.fraction))
	if text == "" {
		return 0, true
	}
	if d.negative {
		text = "-" + text
	}
	minor, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, false
	}
	return minor, true
}

// isCurrency tells whether s has the form of an ISO 4217 code.
func isCurrency(s string) bool {
	if len(s) != 3 {
		return false
	}
	for i := range len(s) {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	return true
}
