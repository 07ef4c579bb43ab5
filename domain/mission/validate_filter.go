package mission

import (
	"slices"
	"strconv"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/money"
	"github.com/millrace/millrace/domain/problem"
)

func (v *validator) filters() {
	count := 0
	for i, f := range v.m.Filters {
		pointer := "/filters/" + strconv.Itoa(i)
		if !f.IsGroup() {
			count++
			v.filter(pointer, f)
			continue
		}
		if len(f.Any) == 0 {
			v.add(pointer+"/any", problem.InvalidFilter, "must not be empty")
		}
		for j, inner := range f.Any {
			count++
			at := pointer + "/any/" + strconv.Itoa(j)
			if inner.IsGroup() {
				v.add(at, problem.InvalidFilter, "groups nest one level only")
				continue
			}
			v.filter(at, inner)
		}
	}
	if count > MaxFilters {
		v.add("/filters", problem.InvalidFilter, "has more than "+strconv.Itoa(MaxFilters)+" filters")
	}
}

func (v *validator) filter(pointer string, f Filter) {
	kind := kindOf(f.ID)
	if kind == noField {
		v.add(pointer+"/id", problem.InvalidFilter, "is no payment field that filters can use; attributes are attributes.<name>"+fieldHint(f.ID))
		return
	}
	if !slices.Contains(Operators(), f.Operator) {
		v.add(pointer+"/operator", problem.InvalidFilter, "must be eq, ne, in, nin, gt, gte, lt, lte, between, exists or prefix"+operatorHint(f.Operator))
		return
	}
	if !operatorFits(kind, f.Operator) {
		v.add(pointer+"/operator", problem.WrongType, "does not fit the type of the field")
		return
	}
	at := pointer + "/values"
	if !v.valueCount(at, f) {
		return
	}
	for i, value := range f.Values {
		vp := at
		if len(f.Values) > 1 {
			vp += "/" + strconv.Itoa(i)
		}
		if detail := v.valueFits(kind, f.Operator, value); detail != "" {
			v.add(vp, problem.WrongType, detail)
			return
		}
	}
	if f.Operator == Between && compareValues(kind, f.Values[0], f.Values[1]) > 0 {
		v.add(at, problem.InvalidFilter, "between needs the lower value first")
	}
}

// operatorFits tells whether an operator makes sense for a field; the values of attributes decide further.
func operatorFits(kind fieldKind, op Operator) bool {
	switch op {
	case Gt, Gte, Lt, Lte, Between:
		return kind == moneyField || kind == timeField || kind == attributeField
	case Prefix:
		return kind != moneyField && kind != timeField
	default:
		return true
	}
}

func (v *validator) valueCount(at string, f Filter) bool {
	n := len(f.Values)
	detail := ""
	switch f.Operator {
	case Gt, Gte, Lt, Lte, Exists:
		if n != 1 {
			detail = "needs exactly one value"
		}
	case Between:
		if n != 2 {
			detail = "between needs two values"
		}
	default:
		if n == 0 {
			detail = "needs at least one value"
		} else if n > MaxValues {
			detail = "has more than " + strconv.Itoa(MaxValues) + " values"
		}
	}
	if detail != "" {
		v.add(at, problem.InvalidFilter, detail)
	}
	return detail == ""
}

// valueFits returns why a value does not fit its field, empty if it does.
func (v *validator) valueFits(kind fieldKind, op Operator, value Value) string {
	if op == Exists {
		if value.Kind != BoolValue {
			return "exists needs true or false"
		}
		return ""
	}
	switch kind {
	case moneyField:
		return v.moneyFits(value)
	case timeField:
		if value.Kind != TextValue && value.Kind != NumberValue {
			return "needs a time in RFC 3339, or epoch milliseconds"
		}
		if _, err := instant.Parse(value.Text); err != nil {
			return "needs a time, this is " + err.Error()
		}
	case attributeField:
		return attributeFits(op, value)
	default:
		if value.Kind == NumberValue || value.Kind == BoolValue {
			return "needs a text: put it in quotes"
		}
		if value.Kind != TextValue {
			return "needs a text"
		}
		if value.Text == "" {
			return "needs a text that is not empty"
		}
	}
	return ""
}

// attributeFits returns why a value cannot be compared with an attribute. Attributes are texts; a number compares as a number, so that
// 1.10 would equal 1.1 and 0042 would equal 42, which nobody means who writes it like this.
func attributeFits(op Operator, value Value) string {
	switch {
	case value.Kind == MoneyValue || value.Kind == BoolValue && op == Prefix:
		return "needs a text, a number or a boolean"
	case value.Kind == NumberValue && op.ordered() && !isDecimal(value.Text):
		return "looks like a number, but not as numbers are compared: write it without leading zeros, plus sign and exponent"
	case value.Kind == NumberValue && !op.ordered() && !(isDecimal(value.Text) && isShortest(value.Text)):
		return "looks like a number, but not as numbers are compared: quote it to compare it as a text, or write it without leading and trailing " +
			"zeros, plus sign and exponent"
	case op.ordered() && value.Kind != NumberValue:
		return "needs a number"
	}
	return ""
}

func (v *validator) moneyFits(value Value) string {
	switch {
	case value.Kind == MoneyValue && value.Currency != v.m.Currency:
		return "needs an amount in the mission's currency"
	case value.Kind == MoneyValue:
		return "needs an amount with as many decimal places as the currency has, of at most 2^50 minor units"
	case value.Kind != NumberValue:
		return v.wholeOrMoney(value.Text)
	}
	switch minor, err := strconv.ParseInt(value.Text, 10, 64); {
	case minor > money.Max && isInteger(value.Text):
		return money.MaxDetail + " minor units"
	case err != nil || minor < 0 || !isInteger(value.Text):
		return v.wholeOrMoney(value.Text)
	}
	return ""
}

// wholeOrMoney says what an amount in a filter can be.
func (v *validator) wholeOrMoney(text string) string {
	return WholeNumber(text, "minor units", v.m.Currency) + ", or {amount: \"500.00\", currency: " + exampleCurrency(v.m.Currency) + "}"
}

// timeOf returns the milliseconds of a time value that fits.
func timeOf(value Value) int64 {
	at, _ := instant.Parse(value.Text)
	return int64(at)
}

// compareValues compares two values that fit an ordered field.
func compareValues(kind fieldKind, a, b Value) int {
	if kind == timeField {
		x, y := timeOf(a), timeOf(b)
		return compareInts(x, y)
	}
	x, _ := parseDecimal(a.Text)
	y, _ := parseDecimal(b.Text)
	return x.compare(y)
}

func compareInts(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}
