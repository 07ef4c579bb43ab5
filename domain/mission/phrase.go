package mission

import (
	"strconv"
	"strings"
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
		texts[i] = v.Text
		if minor, err := strconv.ParseInt(v.Text, 10, 64); f.ID == "amount" && err == nil {
			texts[i] = FormatMoney(minor, currency)
		}
	}
	switch f.Operator {
	case Exists:
		if texts[0] == "true" {
			return "with " + article(fieldName(f.ID))
		}
		return "without " + article(fieldName(f.ID))
	case Eq, In:
		return preposition(f.ID) + either(texts)
	case Ne, Nin:
		return "not " + preposition(f.ID) + either(texts)
	case Prefix:
		return "with " + fieldName(f.ID) + " beginning with " + either(texts)
	case Gt, Gte, Lt, Lte, Between:
		if f.ID == "amount" {
			return "of " + compared(f.Operator, texts)
		}
	}
	return "with " + fieldName(f.ID) + " " + compared(f.Operator, texts)
}

func compared(op Operator, texts []string) string {
	switch op {
	case Gt:
		return "more than " + texts[0]
	case Gte:
		return "at least " + texts[0]
	case Lt:
		return "less than " + texts[0]
	case Lte:
		return "at most " + texts[0]
	default: // Between
		return texts[0] + " to " + texts[len(texts)-1]
	}
}

func preposition(id string) string {
	switch id {
	case "amount":
		return "of "
	case "merchant":
		return "at "
	case "category":
		return "on "
	case "mode":
		return "by "
	case "instrument":
		return "with "
	case "gateway":
		return "through "
	case "currency":
		return "in "
	default:
		return "with " + fieldName(id) + " "
	}
}

func fieldName(id string) string {
	return strings.ReplaceAll(strings.TrimPrefix(id, attributePrefix), "_", " ")
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
	if len(texts) == 1 {
		return texts[0]
	}
	return strings.Join(texts[:len(texts)-1], ", ") + " or " + texts[len(texts)-1]
}
