package traffic

import (
	"strconv"
	"time"

	"github.com/millrace/millrace/domain/instant"
)

// Kind tells what a line is, for those who count lines.
type Kind uint8

// The kinds of lines.
const (
	Payment Kind = iota + 1
	Reversal
	Duplicate // of an earlier line, byte by byte
	Altered   // as an earlier line, but for its amount
	Poisoned
)

// String returns the kind in lower case.
func (k Kind) String() string {
	return [...]string{"", "payment", "reversal", "duplicate", "altered", "poison"}[k]
}

// verdict says how a payment ends, in the order of statusWords and declineWords.
type verdict uint8

const (
	pending verdict = iota
	succeeded
	failedBusiness
	failedTechnical
)

// purchase is what all events of one payment have in common.
type purchase struct {
	number   uint64
	user     uint64
	created  int64 // milliseconds, as all times here
	amount   int64
	mode     *mode
	instr    *instrument
	gateway  string
	merchant *merchant
	category string
	attr     string // attribute name, empty for none
	attrText string
	currency string
	epoch    bool // times as epoch milliseconds
	untidy   bool
	unknown  bool
}

// event is one line before it is written.
type event struct {
	of       *purchase // nil for poison
	kind     Kind
	reversal bool
	stranger bool  // names another user than the payment's
	attempt  uint8 // its attempt id, 0: none
	step     uint8 // number of the event within its payment
	revision uint8 // number of the reversal within its payment
	verdict  verdict
	poison   uint8
	gateway  string // of a payment
	currency string
	amount   int64 // 0: left out (a reversal of all that remains)
	latency  int64
	updated  int64
	number   uint64 // poison only
}

// appendEvent writes e as one JSON object.
func (g *Generator) appendEvent(b []byte, e *event) []byte {
	p := e.of
	b = append(b, `{"id":"evt_`...)
	b = g.appendNumber(b, p.number)
	b = append(b, '_')
	b = strconv.AppendUint(b, uint64(e.step), 10)
	if e.reversal {
		b = append(b, `","type":"reversal","reversal_id":"rev_`...)
		b = g.appendNumber(b, p.number)
		b = append(b, '_')
		b = strconv.AppendUint(b, uint64(e.revision), 10)
	} else {
		b = append(b, `","type":"payment`...)
	}
	b = append(b, `","transaction_id":"txn_`...)
	b = g.appendNumber(b, p.number)
	b = append(b, `","user_id":"usr_`...)
	user := p.user
	if e.stranger {
		user++
	}
	b = strconv.AppendUint(b, user, 10)
	b = append(b, '"')
	if e.amount != 0 {
		b = append(b, `,"amount":`...)
		b = strconv.AppendInt(b, e.amount, 10)
	}
	b = append(append(b, `,"currency":"`...), e.currency...)
	b = append(append(b, `","status":"`...), statusWord(e.verdict)...)
	b = append(b, '"')
	if !e.reversal {
		b = appendFacts(b, e)
	}
	b = append(b, `,"created_at":`...)
	b = appendStamp(b, p.created, p.epoch)
	b = append(b, `,"updated_at":`...)
	b = appendStamp(b, e.updated, p.epoch)
	if p.unknown {
		b = append(b, `,"trace":{"hop":3,"via":["edge","core"]},"partner_ref":"p-77"`...)
	}
	return append(b, '}')
}

func appendFacts(b []byte, e *event) []byte {
	p := e.of
	b = append(append(b, `,"mode":"`...), p.mode.name...)
	b = append(b, `","instrument":"`...)
	if p.untidy { // intake trims and lower-cases
		b = append(append(append(b, ' '), upper(p.instr.name)...), ' ')
	} else {
		b = append(b, p.instr.name...)
	}
	b = append(append(b, `","gateway":"`...), e.gateway...)
	b = append(append(b, `","merchant":"`...), p.merchant.name...)
	b = append(append(b, `","category":"`...), p.category...)
	b = append(b, '"')
	if e.attempt > 0 {
		b = append(b, `,"attempt_id":"try_`...)
		b = append(strconv.AppendUint(b, uint64(e.attempt), 10), '"')
	}
	if e.verdict >= failedBusiness {
		b = appendDecline(b, e)
	}
	if e.latency > 0 {
		b = append(b, `,"latency_ms":`...)
		b = strconv.AppendInt(b, e.latency, 10)
	}
	if p.attr != "" {
		b = append(append(b, `,"attributes":{"`...), p.attr...)
		b = append(append(append(b, `":"`...), p.attrText...), `"}`...)
	}
	return b
}

// appendDecline gives the class of the decline for most payments and a code of the scheme for every fourth.
func appendDecline(b []byte, e *event) []byte {
	code := e.of.number%4 == 0
	upi := e.of.mode.name == "upi"
	var word string
	switch {
	case !code && e.verdict == failedBusiness:
		word = `"decline":"business"`
	case !code:
		word = `"decline":"technical"`
	case upi && e.verdict == failedBusiness:
		word = `"decline_code":"Z9"` // not enough money
	case upi:
		word = `"decline_code":"U28"` // the payer's bank cannot be reached
	case e.verdict == failedBusiness:
		word = `"decline_code":"51"` // ISO 8583: not enough money
	default:
		word = `"decline_code":"91"` // ISO 8583: issuer cannot be reached
	}
	return append(append(b, ','), word...)
}

func statusWord(v verdict) string {
	switch v {
	case pending:
		return "pending"
	case succeeded:
		return "success"
	default:
		return "failed"
	}
}

func appendStamp(b []byte, at int64, epoch bool) []byte {
	if epoch {
		return strconv.AppendInt(b, at, 10)
	}
	b = append(b, '"')
	b = appendTime(b, at)
	return append(b, '"')
}

func appendTime(b []byte, at int64) []byte {
	return time.UnixMilli(at).UTC().AppendFormat(b, instant.Layout)
}

// appendNumber writes the name of a payment: it differs between generators of another seed or start.
func (g *Generator) appendNumber(b []byte, n uint64) []byte {
	b = append(b, g.prefix...)
	return base36(b, n)
}

func base36(b []byte, n uint64) []byte { return strconv.AppendUint(b, n, 36) }

func upper(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}
