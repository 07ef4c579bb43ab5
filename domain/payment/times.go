package payment

import (
	"strings"
	"unicode"

	"github.com/millrace/millrace/domain/instant"
)

// times sets UpdatedAt and CreatedAt and tells whether the former is the record's timestamp. That stands in for an
// updated_at that is missing or a text without a digit. Whatever else cannot be read as a time is refused, objects such
// as {"$date": …} included: a wrong guess would be a payment of another day.
func (r *reader) times(e *Event, in *Input) (fallback bool) {
	updated := r.rec.Timestamp
	if fallback = in.UpdatedAt.Missing() || wordOnly(in.UpdatedAt); !fallback {
		updated = r.time("updated_at", in.UpdatedAt)
	}
	created := updated
	if !in.CreatedAt.Missing() {
		created = r.time("created_at", in.CreatedAt)
	}
	e.UpdatedAt, e.CreatedAt = updated, created
	return fallback
}

// wordOnly tells whether a value is a text without a digit, of any script, as senders write a time that they do not
// know.
func wordOnly(v Value) bool {
	return v.Kind == String && !strings.ContainsFunc(v.Text, unicode.IsDigit)
}

// time reads a time that must be one, from the year 2000 to the bound of the future.
func (r *reader) time(field string, v Value) instant.Milli {
	if v.Missing() {
		return 0
	}
	text := v.Text
	if v.Kind != String && v.Kind != Number {
		text = ""
	}
	at, err := instant.Parse(text)
	switch {
	case err != nil:
		r.fail(InvalidField, field, err.Error())
	case at < instant.Earliest:
		r.fail(InvalidField, field, "before the year 2000: write when it happened, as RFC 3339 or epoch milliseconds")
	case at > r.latest:
		r.fail(FutureTimestamp, field, "more than "+r.cfg.FutureBound.String()+
			" after the event was sent: write the time at which it happened")
	}
	return at
}
