package payment

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/money"
)

// TextLimit is the longest id, mode, instrument, gateway, merchant, category, decline code or attribute key, in bytes:
// most of them become parts of Kafka keys and table rows.
const TextLimit = 256

// AttributeLimit is how many attributes an event may have. It bounds by how much an encoded event can be longer than
// its source record, which every topic has little room for.
const AttributeLimit = 256

// What to write in place of what was refused.
const (
	tooLong       = "longer than 256 bytes: write a shorter text"
	writeAmount   = "write an integer without quotes, such as 45000 for INR 450.00"
	writeCurrency = "write three letters such as INR"
	writeStatus   = "write pending, success or failed"
)

// Normalised is a record of the payments topic that can be used: an event or a clock.
type Normalised struct {
	Event *Event        // nil for a clock
	Clock instant.Milli // where a clock moves event time to, 0 for an event
	// TimeFallback: updated_at was missing or no time, so the event has its record's timestamp.
	TimeFallback bool
}

// Normalise applies docs/events.md to in, which came from the record at origin rec. It is total: either the record can
// be used, or the Problem says why not. rec.Timestamp is the record's append time: it bounds the future and becomes
// received_at. A record without a timestamp cannot be judged and is refused. What is understood as a time, and what
// stands in for one, is in times.go.
//
// created_at may be later than updated_at, since two systems may have stamped them; like updated_at it must not be
// later than the append time plus cfg.FutureBound. Unlike updated_at it has no fallback when it is given but no time:
// it decides which window a payment belongs to.
func Normalise(in *Input, rec Origin, cfg Config) (Normalised, *Refusal) {
	r := reader{rec: rec, cfg: &cfg, latest: rec.Timestamp.Add(cfg.FutureBound)}
	switch kind := r.text("type", in.Type); {
	case r.problem != nil:
		return Normalised{}, r.problem
	case kind == "":
		return Normalised{}, &Refusal{InvalidField, "type", "missing: write payment, reversal or clock"}
	case rec.Timestamp <= 0:
		return Normalised{}, &Refusal{InvalidField, "updated_at", "the record has no timestamp to judge times by"}
	case kind == "clock":
		return r.clock(in)
	case kind == Payment.String():
		return r.event(in, Payment)
	case kind == Reversal.String():
		return r.event(in, Reversal)
	default:
		return Normalised{}, &Refusal{UnknownType, "type", "unknown: write payment, reversal or clock"}
	}
}

// reader reads fields; the first problem stays.
type reader struct {
	rec     Origin
	cfg     *Config
	latest  instant.Milli // the latest time that is not the future
	problem *Refusal
}

func (r *reader) fail(reason Reason, field, detail string) {
	if r.problem == nil {
		r.problem = &Refusal{reason, field, detail}
	}
}

func (r *reader) clock(in *Input) (Normalised, *Refusal) {
	at := r.time("at", in.At)
	if in.At.Missing() {
		r.fail(InvalidField, "at", "missing: write RFC 3339 such as 2026-03-01T10:00:00Z, or epoch milliseconds")
	}
	if r.problem != nil {
		return Normalised{}, r.problem
	}
	return Normalised{Clock: at}, nil
}

func (r *reader) event(in *Input, kind Type) (Normalised, *Refusal) {
	e := &Event{Type: kind, Origin: r.rec, ReceivedAt: r.rec.Timestamp, Extra: in.Extra}
	e.ID = r.id("id", in.ID)
	e.TransactionID = r.id("transaction_id", in.TransactionID)
	e.UserID = r.id("user_id", in.UserID)
	e.AmountMinor = r.amount(in.Amount, kind)
	e.Currency = r.currency(in.Currency)
	e.Status = r.status(in.Status, kind)
	if kind == Reversal {
		e.ReversalID = e.ID
		if !in.ReversalID.Missing() {
			e.ReversalID = r.id("reversal_id", in.ReversalID)
		}
	} else if !in.AttemptID.Missing() {
		e.AttemptID = r.id("attempt_id", in.AttemptID)
	}
	e.Mode = r.label("mode", in.Mode, Unknown)
	e.Instrument = r.label("instrument", in.Instrument, Unknown)
	e.Gateway = r.label("gateway", in.Gateway, Unknown)
	for i := range e.Labels {
		e.Labels[i] = r.label(labels[i].field, in.Labels[i], "")
	}
	e.DeclineCode = r.code(in.DeclineCode)
	word := r.label("decline", in.Decline, "")
	if kind == Payment && e.Status == Failed {
		e.Decline = r.cfg.classify(word, e.DeclineCode)
	}
	e.LatencyMS = r.latency(in.LatencyMS)
	e.Attributes = r.attributes(in)
	fallback := r.times(e, in)
	if r.problem != nil {
		return Normalised{}, r.problem
	}
	e.HealthInstruments = r.cfg.healthInstruments(e)
	created, updated := int64(e.CreatedAt), int64(e.UpdatedAt)
	if fallback {
		updated = 0
		if in.CreatedAt.Missing() {
			created = 0
		}
	}
	e.Fingerprint = fingerprint(e, created, updated)
	return Normalised{Event: e, TimeFallback: fallback}, nil
}

// text returns the text of a field that must be a string if it is given.
func (r *reader) text(field string, v Value) string {
	switch {
	case v.Missing():
		return ""
	case v.Kind != String:
		r.fail(InvalidField, field, "not a string: write one text in double quotes")
	case !utf8.ValidString(v.Text):
		r.fail(InvalidField, field, "not UTF-8: write the text in UTF-8")
	}
	return v.Text
}

// id returns a required id. Ids are opaque: they are judged but never changed.
func (r *reader) id(field string, v Value) string {
	id := r.text(field, v)
	switch {
	case r.problem != nil:
	case strings.TrimSpace(id) == "":
		r.fail(InvalidField, field, "missing: write an id of 1 to 256 bytes")
	case len(id) > TextLimit:
		r.fail(InvalidField, field, tooLong)
	case strings.IndexFunc(id, unicode.IsControl) >= 0:
		r.fail(InvalidField, field, "has control characters: write it without")
	}
	return id
}

func (r *reader) label(field string, v Value, missing string) string {
	s := Name(r.text(field, v))
	if s == "" {
		return missing
	}
	if len(s) > TextLimit {
		r.fail(InvalidField, field, tooLong)
	}
	if problem := NameProblem(s); problem != "" {
		r.fail(InvalidField, field, problem)
	}
	return s
}

func (r *reader) code(v Value) string {
	code := normaliseCode(r.text("decline_code", v))
	if len(code) > TextLimit {
		r.fail(InvalidField, "decline_code", tooLong)
	}
	return code
}

func (r *reader) amount(v Value, kind Type) int64 {
	if v.Kind == Absent || v.Kind == Null {
		if kind == Payment {
			r.fail(InvalidField, "amount", "missing: "+writeAmount)
		}
		return 0 // a reversal of all that remains
	}
	n, err := strconv.ParseInt(v.Text, 10, 64)
	switch {
	case v.Kind == Number && n > money.Max: // also where it does not fit int64
		r.fail(InvalidField, "amount", money.MaxDetail+" minor units")
	case v.Kind != Number || err != nil || n <= 0:
		r.fail(InvalidField, "amount", "not a positive integer of minor units: "+writeAmount)
	}
	return n
}

// maxLatencyMS is the longest that an attempt can have taken, 90 days: what is longer is a time, or in another unit.
const maxLatencyMS = 90 * 24 * 60 * 60 * 1000

func (r *reader) latency(v Value) int64 {
	if v.Kind == Absent || v.Kind == Null {
		return 0
	}
	n, err := strconv.ParseInt(v.Text, 10, 64)
	if v.Kind != Number || err != nil || n < 0 {
		r.fail(InvalidField, "latency_ms", "not an integer of milliseconds from 0: write a number such as 850, or leave the field out")
	} else if n > maxLatencyMS {
		r.fail(InvalidField, "latency_ms", "more than 90 days: write how long the attempt took, in milliseconds, such as 850, or leave the field out")
	}
	return n
}

func (r *reader) currency(v Value) string {
	given := r.text("currency", v)
	code := CurrencyCode(given)
	if _, known := Exponent(code); given == "" {
		r.fail(InvalidField, "currency", "missing: "+writeCurrency)
	} else if !known {
		r.fail(InvalidField, "currency", "not a currency of ISO 4217: "+writeCurrency)
	}
	return code
}

// CurrencyCode returns a currency as everything compares it: in upper case, without space around it. Letters that only
// become A to Z in upper case, such as ı, stay, so that no currency is made of them.
func CurrencyCode(text string) string {
	text = strings.TrimSpace(text)
	if upper := strings.ToUpper(text); len(upper) == len(text) {
		return upper
	}
	return text
}

func (r *reader) status(v Value, kind Type) Status {
	switch word := r.text("status", v); {
	case word == Pending.String():
		return Pending
	case word == Failed.String():
		return Failed
	case word == Success.String():
		return Success
	case word == "" && kind == Reversal:
		return Success
	case word == "":
		r.fail(InvalidField, "status", "missing: "+writeStatus)
	default:
		r.fail(InvalidField, "status", "unknown: "+writeStatus)
	}
	return 0
}

// attributes returns the entries sorted by key. Values become text; null counts as not there.
func (r *reader) attributes(in *Input) []Attribute {
	if in.Attributes.Kind == Absent || in.Attributes.Kind == Null {
		return nil
	}
	if in.Attributes.Kind != Object {
		r.fail(InvalidField, "attributes", `not an object: write {"name":"value"}, or leave the field out`)
		return nil
	}
	if len(in.Members) > AttributeLimit {
		r.fail(InvalidField, "attributes", "more than 256: write fewer")
		return nil
	}
	var list []Attribute
	for _, m := range in.Members {
		if m.Value.Kind == Absent || m.Value.Kind == Null {
			continue
		}
		if len(m.Key) > TextLimit {
			r.fail(InvalidField, "attributes", "a key is "+tooLong)
		}
		if problem := NameProblem(m.Key); problem != "" {
			r.fail(InvalidField, "attributes", "a key "+problem)
		}
		if !utf8.ValidString(m.Key) || !utf8.ValidString(m.Value.Text) {
			r.fail(InvalidField, "attributes", "not UTF-8: write the text in UTF-8")
		}
		if list == nil {
			list = make([]Attribute, 0, len(in.Members))
		}
		list = append(list, Attribute{m.Key, m.Value.Text})
	}
	slices.SortFunc(list, func(a, b Attribute) int { return strings.Compare(a.Key, b.Key) })
	for i := 1; i < len(list); i++ {
		if list[i].Key == list[i-1].Key {
			r.fail(InvalidField, "attributes", "a key is there twice: write each once")
		}
	}
	return list
}

// healthInstruments returns the instruments that the mode's setting names, each once, in the setting's order. Fields
// that the event lacks, and attributes too long for a key, are left out; if none is left, the instrument is Unknown.
func (c *Config) healthInstruments(e *Event) []string {
	refs := c.HealthInstruments[e.Mode]
	if len(refs) == 0 {
		return []string{e.Instrument}
	}
	list := make([]string, 0, len(refs))
	for _, ref := range refs {
		name := healthField(e, ref)
		if name != "" && name != Unknown && len(name) <= TextLimit && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	if len(list) == 0 {
		list = append(list, Unknown)
	}
	return list
}

func healthField(e *Event, ref string) string {
	switch ref {
	case "instrument":
		return e.Instrument
	case "gateway":
		return e.Gateway
	default:
		if label, ok := LabelOf(ref); ok {
			return e.Labels[label]
		}
		value, _ := e.Attribute(strings.TrimPrefix(ref, attributePrefix))
		if value = Name(value); NameProblem(value) != "" {
			return "" // it stays an attribute, but is no instrument
		}
		return value
	}
}
