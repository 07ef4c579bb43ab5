package mission

import (
	"strconv"
	"strings"

	"github.com/millrace/millrace/domain/payment"
)

// parseMoney turns an amount in whole units such as 100.00 into minor units of currency. It refuses leading zeros, more
// decimal places than the currency has, what does not fit int64, and what is no currency.
func parseMoney(amount, currency string) (int64, bool) {
	d, _ := parseDecimal(amount)
	ok := isDecimal(amount)
	exponent, known := payment.Exponent(currency)
	if !ok || !known || len(d.fraction) > exponent {
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
