package contract

import (
	"github.com/danielgtaylor/huma/v2"

	paymentcodec "github.com/millrace/millrace/codecs/payment"
	"github.com/millrace/millrace/domain/instant"
)

const epochTime = "Seconds, milliseconds, microseconds or nanoseconds since 1970: in the years 2000 to 2099 the number says which. Others are refused"

// A day that exists, and a time of it, as RFC 3339 has them with a space for the T: the format date-time of JSON Schema
// wants the T.
const (
	days = `([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))` +
		`|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)`
	zones  = `([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])`
	spaced = `^` + days + ` (([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?` + zones +
		`|23:59:60(\.[0-9]+)?([Zz]|[+-]00:00))$`
)

// moments writes out a time of the input contract, which JSON Schema has no word for.
func moments(s *huma.Schema) {
	from, to := float64(instant.Earliest/1000), float64(instant.Latest)*1e6
	forms := []*huma.Schema{ // a validator of huma does not know patterns of schemas that are made by hand
		{Type: huma.TypeString, Format: "date-time", Nullable: s.Nullable,
			Description: "RFC 3339, with Z or an offset; from the year 2000 on"},
		{Type: huma.TypeNumber, Format: "double", Minimum: &from, ExclusiveMaximum: &to, Description: epochTime},
		{Type: huma.TypeString, Pattern: `^[0-9]+(\.[0-9]+)?$`, Description: "Such a number as a text"},
		{Type: huma.TypeString, Pattern: spaced, Description: "The first with a space for the T"},
	}
	switch s.Format {
	case paymentcodec.EventTime:
	case paymentcodec.EventTimeOrEmpty:
		forms = append(forms, &huma.Schema{Type: huma.TypeString, Pattern: `^$`, Description: "As if it were missing"})
	case paymentcodec.EventTimeOrWords:
		forms = append(forms, &huma.Schema{Type: huma.TypeString, Pattern: `^[^0-9]*$`,
			Description: "Without any digit: as if it were missing"})
	default:
		return
	}
	s.AnyOf, s.Format, s.Nullable = forms, "", false
}
