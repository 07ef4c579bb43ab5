package oracle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/domain/payment"
)

// Filter is one condition, or a group of which one must hold.
type Filter struct {
	ID       string          `json:"id"`
	Operator string          `json:"operator"`
	Values   json.RawMessage `json:"values"` // a scalar or a list
	Any      []Filter        `json:"any"`
}

// condition is a filter that can be asked.
type condition func(*payment.Facts) bool

func (f Filter) compile() (condition, error) {
	if f.Any != nil {
		var any []condition
		for _, inner := range f.Any {
			c, err := inner.compile()
			if err != nil {
				return nil, err
			}
			any = append(any, c)
		}
		return func(p *payment.Facts) bool {
			return slices.ContainsFunc(any, func(c condition) bool { return c(p) })
		}, nil
	}
	values, err := valuesOf(f.Values)
	if err != nil {
		return nil, fmt.Errorf("filter %s: %w", f.ID, err)
	}
	if len(values) == 0 {
		return nil, fmt.Errorf("filter %s: no values", f.ID)
	}
	if slices.Contains([]string{"amount", "created_at"}, f.ID) && f.Operator != "exists" {
		for i := range values {
			if values[i].number, err = whole(f.ID, values[i].text); err != nil {
				return nil, fmt.Errorf("filter %s: %w", f.ID, err)
			}
		}
	}
	test, err := f.test(values)
	if err != nil {
		return nil, err
	}
	return func(p *payment.Facts) bool {
		v, has := field(p, f.ID)
		switch {
		case f.Operator == "exists":
			return has == (values[0].text == "true")
		case !has:
			return false
		default:
			return test(v)
		}
	}, nil
}

// test returns whether what a payment has passes.
func (f Filter) test(values []value) (func(v string) bool, error) {
	among := func(v string) bool { return slices.ContainsFunc(values, func(x value) bool { return x.equals(v) }) }
	first, last := values[0], values[len(values)-1]
	sized := func(fits func(n *big.Rat) bool) func(string) bool {
		return func(v string) bool {
			n, ok := numeric(v)
			return ok && fits(n)
		}
	}
	switch f.Operator {
	case "exists":
		return nil, nil
	case "eq", "in":
		return among, nil
	case "ne", "nin":
		return func(v string) bool { return !among(v) }, nil
	case "prefix":
		return func(v string) bool {
			return slices.ContainsFunc(values, func(x value) bool { return strings.HasPrefix(v, x.text) })
		}, nil
	}
	if first.number == nil || last.number == nil {
		return nil, fmt.Errorf("filter %s %s: only numbers have an order", f.ID, f.Operator)
	}
	switch f.Operator {
	case "gt":
		return sized(func(n *big.Rat) bool { return n.Cmp(first.number) > 0 }), nil
	case "gte":
		return sized(func(n *big.Rat) bool { return n.Cmp(first.number) >= 0 }), nil
	case "lt":
		return sized(func(n *big.Rat) bool { return n.Cmp(first.number) < 0 }), nil
	case "lte":
		return sized(func(n *big.Rat) bool { return n.Cmp(first.number) <= 0 }), nil
	case "between":
		return sized(func(n *big.Rat) bool { return n.Cmp(first.number) >= 0 && n.Cmp(last.number) <= 0 }), nil
	default:
		return nil, fmt.Errorf("filter %s: operator %q", f.ID, f.Operator)
	}
}

// value is one value of a filter: a number if it was written as one, which equals every way to write it.
type value struct {
	text   string
	number *big.Rat
}

func (x value) equals(v string) bool {
	if x.number == nil {
		return v == x.text
	}
	n, ok := numeric(v)
	return ok && n.Cmp(x.number) == 0
}

// written is what compares as a number.
var written = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?$`)

func numeric(s string) (*big.Rat, bool) {
	if len(s) > 64 || !written.MatchString(s) {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

// whole reads an amount in minor units, or a time as milliseconds.
func whole(id, text string) (*big.Rat, error) {
	if id == "created_at" {
		at, err := time.Parse(time.RFC3339Nano, text)
		return big.NewRat(at.UnixMilli(), 1), err
	}
	n, ok := new(big.Int).SetString(text, 10)
	if !ok {
		return nil, fmt.Errorf("%q is no amount", text)
	}
	return new(big.Rat).SetInt(n), nil
}

func valuesOf(raw json.RawMessage) ([]value, error) {
	var list []json.RawMessage // of its own: what is decoded into a slice with raw in it would overwrite raw
	if trimmed := bytes.TrimSpace(raw); len(trimmed) == 0 || trimmed[0] != '[' {
		list = []json.RawMessage{raw}
	} else if err := json.Unmarshal(raw, &list); err != nil {
		return nil, err
	}
	var out []value
	for _, one := range list {
		var text string
		var n json.Number
		var yes bool
		switch {
		case json.Unmarshal(one, &yes) == nil:
			out = append(out, value{text: strconv.FormatBool(yes)})
		case json.Unmarshal(one, &text) == nil:
			out = append(out, value{text: text})
		case json.Unmarshal(one, &n) == nil:
			exact, _ := new(big.Rat).SetString(n.String())
			out = append(out, value{text: n.String(), number: exact})
		default:
			return nil, fmt.Errorf("value %s: not understood", one)
		}
	}
	return out, nil
}

func field(p *payment.Facts, id string) (string, bool) {
	named := func(s string) (string, bool) { return s, s != "" && s != payment.Unknown }
	switch id {
	case "transaction_id":
		return p.TransactionID, true
	case "user_id":
		return p.UserID, true
	case "type": // only payments count
		return "payment", true
	case "status": // and only those that have settled
		return "success", true
	case "currency":
		return p.Currency, true
	case "created_at":
		return strconv.FormatInt(int64(p.CreatedAt), 10), true
	case "amount":
		return strconv.FormatInt(p.AmountMinor, 10), true
	case "mode":
		return named(p.Mode)
	case "instrument":
		return named(p.Instrument)
	case "gateway":
		return named(p.Gateway)
	}
	for i, name := range payment.LabelNames() {
		if id == name {
			return named(p.Labels[i])
		}
	}
	if key, ok := strings.CutPrefix(id, "attributes."); ok {
		for _, a := range p.Attributes {
			if a.Key == key {
				return a.Value, true
			}
		}
	}
	return "", false
}
