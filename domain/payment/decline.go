package payment

import (
	"strings"

	"github.com/millrace/millrace/domain/word"
)

// shippedDecline is the table of decline codes that comes with Millrace: ISO 8583 response codes (field 39, cards) and
// the response codes of UPI. Business is what the payer, the merchant or a rule of theirs caused: the bank worked and
// said no. Technical is a system that failed, timed out or was misused by another system. Codes must be upper case; one
// that is in neither list is unknown, and counts as technical (docs/design.md, section 4). Config.Declines overrides
// single codes.
func shippedDecline(code string) (decline Decline, known bool) {
	switch {
	case isoBusiness(code), upiBusiness(code):
		return Business, true
	case isoTechnical(code), upiTechnical(code):
		return Technical, true
	default:
		return Technical, false
	}
}

// isoBusiness: the issuer was reached and refused.
func isoBusiness(code string) bool {
	switch code {
	case "01", "02", // refer to the issuer
		// merchant, fraud, stolen or restricted card
		"03", "04", "07", "33", "34", "35", "36", "37", "41", "43", "59", "62", "63", "67",
		"05", "17", "32", // not honoured, cancelled by the customer, partial reversal
		"12", "13", "14", "64", // invalid transaction, amount, card number, original amount
		"38", "55", "70", "75", "76", "82", "N7", // PIN, its tries, card verification value
		"39", "42", "52", "53", "56", "78", // no such account or card
		"40", "57", "58", "93", // not permitted to the card, the terminal, or by law
		"51", "61", "65", "P2", // funds and limits
		"54", "1A", // expired card, strong authentication wanted
		"R0", "R1", "R3": // payment orders revoked
		return true
	default:
		return false
	}
}

// isoTechnical: the message, a network or the issuer's system failed.
func isoTechnical(code string) bool {
	switch code {
	case "06", "09", "19", "20", "21", "22", "30", "60", "79", // error, in progress, re-enter, malfunction, format
		"15", "31", "92", // no route to the issuer
		"24", "25", "26", "27", "28", "29", // file updates and look-ups
		"68", "91", // late, issuer or switch inoperative
		// inconsistent data, cryptography, PIN not verifiable
		"77", "80", "81", "83", "84", "85", "86", "87", "88", "89",
		"90", "94", "95", "96", "97", "98", "99": // cut-off, duplicate transmission, reconciliation, system malfunction
		return true
	default:
		return false
	}
}

// upiBusiness: customer, account, limit, risk and compliance answers of remitter, beneficiary and PSP.
func upiBusiness(code string) bool {
	switch code {
	// caps, risk, declined or expired requests, blocked
	case "U02", "U03", "U16", "U19", "U22", "U69", "U77", "U95", "U96",
		"Z5", "Z6", "Z7", "Z8", "Z9", "ZA", "ZB", "ZE", "ZG", "ZH", "ZI", "ZM", "ZR", "ZS", "ZT", "ZX", "ZY",
		// amount, account, card, compliance
		"XD", "XE", "XH", "XI", "XL", "XM", "XN", "XO", "XP", "XQ", "XR", "XS", "XV", "XW",
		"YA", "YB", "YC", "YD", "YE", "YF", // stolen card, not honoured, frozen account
		"AM", "B1", "B2", "B3", "K1", "PS", "RM", "RN", "SP", "TM", "UX", "VN": // MPIN, account, risk, address, mandate
		return true
	default:
		return false
	}
}

// upiTechnical: the switch's own codes, time-outs, offline core banking, format and encryption faults.
func upiTechnical(code string) bool {
	if len(code) == 3 && code[0] == 'U' && isDigit(code[1]) && isDigit(code[2]) {
		// every code of the switch that upiBusiness does not name; U30: debit failed, no cause given
		return code != "U00"
	}
	switch code {
	case "BT", "UT", "RB", "RP", "RR", "XY", "Y1", "XT", "XU", // time-outs, core banking offline, cut-off
		"XB", "XC", "XF", "XG", "XJ", "XK", "ZD", "ZP", // no better code, format, function not supported
		// duplicates, HSM, internal exceptions, pools
		"DF", "DT", "ES", "HS", "IE", "IR", "LC", "LD", "NO", "OC", "OD", "SA", "ND", "NC":
		return true
	default:
		return false
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func normaliseCode(code string) string { return strings.ToUpper(strings.TrimSpace(code)) }

func parseDecline(text string) (Decline, bool) {
	d := word.Number[Decline](text, Declines())
	return d, d != NoDecline
}

// classify returns the decline of a failed payment: the word it gave, else what its code stands for, else Technical.
func (c *Config) classify(word, code string) Decline {
	if d, ok := parseDecline(word); ok {
		return d
	}
	if code == "" {
		return Technical
	}
	if d, ok := parseDecline(c.Declines[code]); ok {
		return d
	}
	d, _ := shippedDecline(code)
	return d
}
