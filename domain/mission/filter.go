package mission

import "github.com/millrace/millrace/domain/problem"

// Operator is how a filter compares.
type Operator string

// The operators. All but Exists fail where the payment does not have the field.
const (
	Eq      Operator = "eq" // equals any of the values
	Ne      Operator = "ne" // equals none of the values
	In      Operator = "in"
	Nin     Operator = "nin"
	Gt      Operator = "gt"
	Gte     Operator = "gte"
	Lt      Operator = "lt"
	Lte     Operator = "lte"
	Between Operator = "between" // both ends included
	Exists  Operator = "exists"
	Prefix  Operator = "prefix" // begins with any of the values
)

// Operators returns every operator, in the order of the contract.
func Operators() []Operator {
	return []Operator{Eq, Ne, In, Nin, Gt, Gte, Lt, Lte, Between, Exists, Prefix}
}

// operatorHint suggests the operator that somebody meant.
func operatorHint(op Operator) string {
	signs := map[Operator]Operator{"=": Eq, "==": Eq, "===": Eq, "!=": Ne, "<>": Ne, ">": Gt, ">=": Gte, "<": Lt, "<=": Lte, "not_in": Nin, "starts_with": Prefix}
	if sign, ok := signs[op]; ok {
		return problem.Suggest([]string{string(sign)})
	}
	names := make([]string, 0, len(Operators()))
	for _, known := range Operators() {
		names = append(names, string(known))
	}
	return problem.Hint(string(op), names)
}

// ordered tells whether op compares by size.
func (op Operator) ordered() bool {
	return op == Gt || op == Gte || op == Lt || op == Lte || op == Between
}

// MaxFilters bounds the filters of a mission, those in groups included; MaxValues the values of one filter.
const (
	MaxFilters = 64
	MaxValues  = 1000
)

// Filter is one condition on a payment's gross facts, or a group of which any must pass.
type Filter struct {
	ID       string // event field or attributes.x
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
