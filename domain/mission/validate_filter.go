package mission

import (
	"cmp"
	"strconv"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/money"
	"github.com/millrace/millrace/domain/payment"
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
	kind := fieldOf(f.ID).kind
	if kind == noField {
		v.add(pointer+"/id", problem.InvalidFilter,
			"is no payment field that filters can use; attributes are attributes.<name>"+fieldHint(f.ID))
		return
	}
	op, known := operatorOf(f.Operator)
	if !known {
		v.add(pointer+"/operator", problem.InvalidFilter, oneOf(Operators())+operatorHint(f.Operator))
		return
	}
	if !op.fits(kind) {
		v.add(pointer+"/operator", problem.WrongType, "does not fit the type of the field")
		return
	}
	at := pointer + "/values"
	if detail := op.wrongCount(len(f.Values)); detail != "" {
		v.add(at, problem.InvalidFilter, detail)
		return
	}
	for i, value := range f.Values {
		vp := at
		if len(f.Values) > 1 {
			vp += "/" + strconv.Itoa(i)
		}
		if detail := v.valueFits(kind, op, value); detail != "" {
			v.add(vp, problem.WrongType, detail)
			return
		}
	}
	if op.values == 2 && compareValues(kind, f.Values[0], f.Values[1]) > 0 {
		v.add(at, problem.InvalidFilter, string(f.Operator)+" needs the lower value first")
	}
}

// valueFits returns why a value does not fit its field, empty if it does.
func (v *validator) valueFits(kind fieldKind, op operator, value Value) string {
	if op.presence {
		if value.Kind != BoolValue {
			return string(op.name) + " needs true or false"
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

// attributeFits returns why a value cannot be compared with an attribute. Attributes are texts; a number compares as a
// number, so that 1.10 would equal 1.1 and 0042 would equal 42, which nobody means who writes it like this.
func attributeFits(op operator, value Value) string {
	switch {
	case value.Kind == MoneyValue || value.Kind == BoolValue && op.text != nil:
		return "needs a text, a number or a boolean"
	case value.Kind == NumberValue && op.ordered != nil && !isDecimal(value.Text):
		return "looks like a number, but not as numbers are compared: write it without leading zeros, plus sign and exponent"
	case value.Kind == NumberValue && op.ordered == nil && !(isDecimal(value.Text) && isShortest(value.Text)):
		return "looks like a number, but not as numbers are compared: quote it to compare it as a text, or write it without leading and trailing " +
			"zeros, plus sign and exponent"
	case op.ordered != nil && value.Kind != NumberValue:
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
	return payment.WholeNumber(text, "minor units", v.m.Currency) + ", or {amount: \"500.00\", currency: " +
		payment.ExampleCurrency(v.m.Currency) + "}"
}

// timeOf returns the milliseconds of a time value that fits.
func timeOf(value Value) int64 {
	at, _ := instant.Parse(value.Text)
	return int64(at)
}

// compareValues compares two values that fit an ordered field.
func compareValues(kind fieldKind, a, b Value) int {
	if kind == timeField {
		return cmp.Compare(timeOf(a), timeOf(b))
	}
	x, _ := parseDecimal(a.Text)
	y, _ := parseDecimal(b.Text)
	return x.compare(y)
}
