package mission

import (
	"strconv"
	"strings"

	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/visible"
)

// phrase puts a filter into words that follow "payments" or "Spend ₹500.00".
func phrase(f Filter, currency string) string {
	if f.IsGroup() {
		parts := make([]string, len(f.Any))
		for i, inner := range f.Any {
			parts[i] = phrase(inner, currency)
		}
		return strings.Join(parts, " or ")
	}
	texts := make([]string, len(f.Values))
	for i, v := range f.Values {
		texts[i] = visible.Text(v.Text)
		if minor, err := strconv.ParseInt(v.Text, 10, 64); f.ID == "amount" && err == nil {
			texts[i] = payment.FormatMoney(minor, currency)
		}
	}
	field := fieldOf(f.ID)
	before, named := field.before, "with "+fieldName(f.ID)+" "
	if before == "" {
		before = named
	}
	op, _ := operatorOf(f.Operator)
	switch {
	case op.presence && texts[0] == "true":
		return "with " + article(fieldName(f.ID))
	case op.presence:
		return "without " + article(fieldName(f.ID))
	case op.says != nil && field.kind == moneyField:
		return before + op.says(texts)
	case op.says != nil:
		return named + op.says(texts)
	case op.not:
		return "not " + before + either(texts)
	default:
		return before + either(texts)
	}
}

func fieldName(id string) string {
	return visible.Text(strings.ReplaceAll(strings.TrimPrefix(id, attributePrefix), "_", " "))
}

func plural(noun string) string {
	switch {
	case strings.HasSuffix(noun, "y"):
		return strings.TrimSuffix(noun, "y") + "ies"
	case strings.HasSuffix(noun, "s"):
		return noun
	default:
		return noun + "s"
	}
}

func article(noun string) string {
	if noun != "" && strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

// manyValues is the number of values beyond which a sentence only counts the rest.
const manyValues = 4

func either(texts []string) string {
	if len(texts) > manyValues {
		rest := len(texts) - manyValues + 1
		texts = append(texts[:manyValues-1:manyValues-1], strconv.Itoa(rest)+" others")
	}
	return problem.AnyOf(texts)
}
