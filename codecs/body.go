package codecs

import (
	"encoding/json"
	"reflect"
	"strings"

	"github.com/millrace/millrace/domain/instant"
)

// The bodies of requests are declared once, here and in mission_write.go. The OpenAPI document is made of the tags, the
// readers take their known fields from the names, and the command line writes its bodies with these types. A field that
// is always written and may be left out by others has required:"false".

// FieldNames returns the names of a form's fields, as declared.
func FieldNames(form Form) []string {
	var names []string
	for _, f := range reflect.VisibleFields(form) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}

// BrandBody is who stands behind missions, ads and rewards.
type BrandBody struct {
	ID        string   `json:"id" required:"false" maxLength:"100" doc:"Default: the path's, or a new one"`
	Name      string   `json:"name" maxLength:"200"`
	LogoURL   string   `json:"logo_url,omitempty" format:"uri"`
	Merchants []string `json:"merchants" required:"false" nullable:"false" doc:"Names under which payments reach the brand"`
	Status    string   `json:"status" required:"false" enum:"@definition_status" default:"active"`
}

// AdBody is something shown to users at a place of the app.
type AdBody struct {
	ID        string     `json:"id" required:"false" maxLength:"100" doc:"Default: the path's, or a new one"`
	Title     string     `json:"title" maxLength:"200"`
	Body      string     `json:"body,omitempty"`
	ImageURL  string     `json:"image_url,omitempty" format:"uri"`
	TargetURL string     `json:"target_url,omitempty" format:"uri" doc:"Where a tap leads; default: to the mission"`
	Placement string     `json:"placement" example:"home"`
	Schedule  AdSchedule `json:"schedule" required:"false" doc:"Default: always"`
	TimeZone  string     `json:"time_zone" required:"false" default:"UTC" example:"Asia/Kolkata"`
	MissionID string     `json:"mission_id,omitempty" doc:"Only users who see this mission see the ad; default: everybody"`
	BrandID   string     `json:"brand_id,omitempty"`
	Priority  int64      `json:"priority" required:"false" minimum:"0" maximum:"1000" doc:"The highest is shown first"`
	Status    string     `json:"status" required:"false" enum:"@definition_status" default:"active"`
}

// AdSchedule says when an ad is shown.
type AdSchedule struct {
	From string `json:"from,omitempty" doc:"Local date or time" example:"2026-03-01T18:00"`
	To   string `json:"to,omitempty" doc:"Excluded"`
}

// PoolBody is a stock of gift codes.
type PoolBody struct {
	ID          string       `json:"id" required:"false" maxLength:"100" doc:"Default: the path's, or a new one"`
	Title       string       `json:"title,omitempty" maxLength:"200"`
	Description string       `json:"description,omitempty" doc:"What the codes are for"`
	BrandID     string       `json:"brand_id,omitempty"`
	Status      string       `json:"status" required:"false" enum:"@definition_status" default:"active"`
	Pattern     *CodePattern `json:"code_pattern,omitempty" doc:"What its codes look like; a code that does not is refused. Default: anything that is not surely something else"`
	Codes       HandedOn     `json:"codes" required:"false" readOnly:"true"`
}

// CodePattern is what the codes of a pool look like.
type CodePattern struct {
	Length     int64  `json:"length,omitempty" writeOnly:"true" doc:"In characters: min_length and max_length in one"`
	MinLength  int64  `json:"min_length,omitempty" maximum:"256"`
	MaxLength  int64  `json:"max_length,omitempty" maximum:"256"`
	Alphabet   string `json:"alphabet,omitempty" maxLength:"200" doc:"Characters and ranges; a hyphen first or last is itself" example:"0-9A-Z-"`
	CheckDigit string `json:"check_digit,omitempty" enum:"@check_digit" doc:"luhn: the last digit (ISO/IEC 7812). mod97: the last two (ISO/IEC 7064 MOD 97-10)"`
}

// HandedOn is what was handed on to a pool's stock.
type HandedOn struct {
	Added  int64  `json:"added" doc:"Codes of all uploads that were handed on to the stock, those included that it had already and left out: stock has those that it took"`
	Digest string `json:"last_digest,omitempty" doc:"Of those handed on last"`
}

// RewardTemplateBody is a reward that missions may name: `reward: {template: id}`.
type RewardTemplateBody struct {
	ID          string       `json:"id" required:"false" maxLength:"100" doc:"Default: the path's, or a new one"`
	Title       string       `json:"title,omitempty" maxLength:"200"`
	Description string       `json:"description,omitempty"`
	Terms       string       `json:"terms,omitempty"`
	BrandID     string       `json:"brand_id,omitempty"`
	Currency    string       `json:"currency,omitempty" doc:"ISO 4217, of the amount; required for cash, and refused for coins and scratch cards. Default: that of the mission"`
	Reward      TemplateGift `json:"reward"`
	Grant       grantDoc     `json:"grant" required:"false"`
	Debt        string       `json:"debt" required:"false" enum:"@debt" default:"negative"`
	Status      string       `json:"status" required:"false" enum:"@definition_status" default:"active"`
}

// OverrideBody forces the state of an instrument, or of one of its gateways.
type OverrideBody struct {
	ID         string        `json:"id,omitempty" maxLength:"128" doc:"Default: the path's, or a new one"`
	Mode       string        `json:"mode"`
	Instrument string        `json:"instrument,omitempty" required:"true"`
	Gateway    string        `json:"gateway,omitempty" doc:"Default: the instrument as a whole"`
	State      string        `json:"state,omitempty" required:"true" enum:"@forced_state"`
	From       instant.Milli `json:"from,omitzero" format:"date-time" doc:"Event time; default: since it is set, else now"`
	Until      instant.Milli `json:"until,omitzero" required:"true" format:"date-time" doc:"Event time, at most 90 days later"`
	Reason     string        `json:"reason,omitempty" required:"true" maxLength:"500"`
}

// MaintenanceBody is a downtime known beforehand.
type MaintenanceBody struct {
	ID         string        `json:"id,omitempty" maxLength:"128" doc:"Default: the path's, or a new one"`
	Mode       string        `json:"mode"`
	Instrument string        `json:"instrument,omitempty" required:"true"`
	Gateway    string        `json:"gateway,omitempty" doc:"Default: the instrument as a whole"`
	Begin      instant.Milli `json:"begin,omitzero" required:"true" format:"date-time" doc:"Event time"`
	End        instant.Milli `json:"end,omitzero" required:"true" format:"date-time" doc:"Event time, at most 90 days later"`
	Reason     string        `json:"reason,omitempty" required:"true" maxLength:"500"`
}

// FreezeBody stops automatic changes of state in a mode.
type FreezeBody struct {
	Mode   string        `json:"mode"`
	From   instant.Milli `json:"from,omitzero" format:"date-time" doc:"Event time; default: since it is set, else now"`
	Until  instant.Milli `json:"until,omitzero" required:"true" format:"date-time" doc:"Event time, at most 90 days later"`
	Reason string        `json:"reason,omitempty" required:"true" maxLength:"500"`
}

// HealthSettingBody changes settings of a mode or instrument.
type HealthSettingBody struct {
	Mode       string                     `json:"mode"`
	Instrument string                     `json:"instrument,omitempty" doc:"Default: all of the mode"`
	Effective  instant.Milli              `json:"effective_from,omitzero" format:"date-time" doc:"Event time, not before the newest change; default: now"`
	Settings   map[string]json.RawMessage `json:"settings" doc:"By name, as thresholds has them; they replace the change before, and {} takes it back"`
}

// GoodwillBody is what support gives a user.
type GoodwillBody struct {
	Kind         string   `json:"kind" enum:"@reward_kind"`
	Amount       int64    `json:"amount" minimum:"1" maximum:"1125899906842624" doc:"Coins, or minor units" example:"100"`
	Currency     string   `json:"currency,omitempty" doc:"ISO 4217; required for cash, gift cards and custom rewards, and refused for coins and scratch cards" example:"INR"`
	ExpiresAfter string   `json:"expires_after,omitempty" doc:"A Go duration, of what waits for its user: of a scratch card, or with the grant mode claim; default: never" example:"720h"`
	Grant        grantDoc `json:"grant,omitzero"`
	Debt         string   `json:"debt,omitempty" enum:"@debt" doc:"For coins and scratch cards only; default: negative"`
	Reason       string   `json:"reason" minLength:"1" maxLength:"500" doc:"Why, for the audit"`
}

// ReasonBody says why somebody decides something.
type ReasonBody struct {
	Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"Why, for the audit"`
}

// DecisionBody says why somebody approves or rejects; to approve it may be left out.
type DecisionBody struct {
	Reason string `json:"reason,omitempty" maxLength:"500" doc:"For the author and the audit. Required to reject, here or as Millrace-Reason"`
}

// SegmentsBody is what segments a user is to be in.
type SegmentsBody struct {
	Segments []string `json:"segments" doc:"In place of all those before" example:"[\"new\"]"`
}

// ReplayBody says how a dead letter is to be replayed.
type ReplayBody struct {
	Reason string `json:"reason,omitempty" maxLength:"500" doc:"Why, for the record"`
	Raw    []byte `json:"raw_base64,omitempty" contentEncoding:"base64" doc:"The bytes to send in place of the record's own: at most 1 MiB, base64"`
}

// MoveBody says when and why a mission is moved; all of it may be left out.
type MoveBody struct {
	At         instant.Milli `json:"at,omitzero" format:"date-time" doc:"Event time, not before the change before and not ahead; default: now. To activate, it may lie ahead: the mission is scheduled"`
	ActivateAt instant.Milli `json:"activate_at,omitzero" format:"date-time" doc:"Another name of at"`
	Reason     string        `json:"reason,omitempty" maxLength:"500" doc:"For the audit"`
}

// SimulateBody says which payments count.
type SimulateBody struct {
	From instant.Milli `json:"from,omitzero" format:"date-time" doc:"Payments made from then on; default: all that are stored"`
	To   instant.Milli `json:"to,omitzero" format:"date-time" doc:"Payments made before; default: now"`
}
