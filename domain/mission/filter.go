package mission

// MaxFilters bounds the filters of a mission, those in groups included; MaxValues the values of one filter.
const (
	MaxFilters = 64
	MaxValues  = 1000
)

// Filter is one condition on a payment's gross facts, or a group of which any must pass.
type Filter struct {
	ID       string // of a field, or attributes.x
	Operator Operator
	Values   []Value
	Any      []Filter // a group: the other fields are empty then
}

// IsGroup tells whether f is an {any: […]} group.
func (f Filter) IsGroup() bool { return f.Any != nil }

// ValueKind tells what a filter value was written as.
type ValueKind uint8

// The kinds.
const (
	TextValue   ValueKind = iota + 1
	NumberValue           // a decimal number without exponent
	BoolValue
	MoneyValue // {amount, currency}; Normalize turns it into a number of minor units
)

// Value is one value of a filter, Text holding its plain form.
type Value struct {
	Kind     ValueKind
	Text     string
	Currency string // MoneyValue only
}
