package catalog

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
