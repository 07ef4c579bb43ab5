package mission

import (
	"slices"
	"strconv"
	"strings"

	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/word"
)

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

// operator is all that there is to know of an Operator. One that says nothing else compares by equality with any of its
// values.
type operator struct {
	name Operator
	// signs are what people write who mean it.
	signs []string
	// values is how many values it takes; 0: at least one.
	values int
	// not turns equality around.
	not bool
	// presence tells that it asks whether the payment has the field.
	presence bool
	// ordered tells by how the field compares with the first and the last value (-1, 0, 1) whether it holds; nil: it
	// does not compare by size.
	ordered func(first, last int) bool
	// text tells whether it holds of a text and a value; nil: it compares by equality.
	text func(s, value string) bool
	// says puts an operator with ordered or text into words that follow the name of the field; the values come as
	// texts.
	says func(values []string) string
}

// operators are all of them, in the order of the contract.
var operators = []operator{
	{name: Eq, signs: []string{"=", "==", "==="}},
	{name: Ne, signs: []string{"!=", "<>"}, not: true},
	{name: In},
	{name: Nin, signs: []string{"not_in"}, not: true},
	{name: Gt, signs: []string{">"}, values: 1, ordered: func(first, _ int) bool {
		return first > 0
	}, says: behind("more than ")},
	{name: Gte, signs: []string{">="}, values: 1, ordered: func(first, _ int) bool {
		return first >= 0
	}, says: behind("at least ")},
	{name: Lt, signs: []string{"<"}, values: 1, ordered: func(first, _ int) bool {
		return first < 0
	}, says: behind("less than ")},
	{name: Lte, signs: []string{"<="}, values: 1, ordered: func(first, _ int) bool {
		return first <= 0
	}, says: behind("at most ")},
	{
		name: Between, values: 2, ordered: func(first, last int) bool { return first >= 0 && last <= 0 },
		says: func(values []string) string { return strings.Join(values, " to ") },
	},
	{name: Exists, values: 1, presence: true},
	{name: Prefix, signs: []string{"starts_with"}, text: strings.HasPrefix, says: behind("beginning with ")},
}

func behind(words string) func([]string) string {
	return func(values []string) string { return words + either(values) }
}

// Operators returns every operator, in the order of the contract.
func Operators() []Operator { return word.Names(operators, operatorName) }

func operatorName(o *operator) Operator { return o.name }

// operatorOf returns the operator of this name, and whether there is one.
func operatorOf(name Operator) (operator, bool) {
	if o := word.Find(operators, operatorName, name); o != nil {
		return *o, true
	}
	return operator{name: name}, false
}

// equality tells whether the operator holds where the field equals one of the values, and only there.
func (name Operator) equality() bool {
	o, known := operatorOf(name)
	return known && !o.not && !o.presence && o.ordered == nil && o.text == nil
}

// operatorHint suggests the operator that somebody meant.
func operatorHint(name Operator) string {
	for _, o := range operators {
		if slices.Contains(o.signs, string(name)) {
			return problem.Suggest([]string{string(o.name)})
		}
	}
	return problem.Hint(string(name), word.Of(Operators()...))
}

// fits tells whether the operator makes sense for a field; the values of attributes decide further.
func (o operator) fits(kind fieldKind) bool {
	sized := kind == moneyField || kind == timeField
	switch {
	case o.ordered != nil:
		return sized || kind == attributeField
	case o.text != nil:
		return !sized
	default:
		return true
	}
}

// wrongCount returns what is wrong with so many values, empty if nothing is.
func (o operator) wrongCount(n int) string {
	switch {
	case o.values == 1 && n != 1:
		return "needs exactly one value"
	case o.values == 2 && n != 2:
		return string(o.name) + " needs two values"
	case o.values == 0 && n == 0:
		return "needs at least one value"
	case n > MaxValues:
		return "has more than " + strconv.Itoa(MaxValues) + " values"
	default:
		return ""
	}
}
