package mission

import (
	"cmp"
	"testing"

	"github.com/millrace/millrace/domain/payment"
)

func TestOperators(t *testing.T) {
	bare := payment.Facts{TransactionID: "t", UserID: "u1", AmountMinor: 100, Currency: "INR", Mode: "unknown", Instrument: "unknown",
		Gateway: "unknown", CreatedAt: at("2026-03-02T10:00:00Z")}
	full := facts("t", 12550, "2026-03-02T10:00:00Z")
	tests := []struct {
		name       string
		filter     Filter
		full, bare bool
	}{
		{"eq", where("merchant", Eq, text("Swiggy ")), true, false},
		{"eq of several", where("merchant", Eq, text("zomato"), text("swiggy")), true, false},
		{"ne", where("merchant", Ne, text("zomato")), true, false},
		{"ne of the same", where("merchant", Ne, text("swiggy")), false, false},
		{"in", where("category", In, text("food"), text("travel")), true, false},
		{"nin", where("category", Nin, text("fuel"), text("travel")), true, false},
		{"nin with it", where("category", Nin, text("fuel"), text("food")), false, false},
		{"prefix", where("merchant", Prefix, text("swig")), true, false},
		{"prefix of none", where("merchant", Prefix, text("wig"), text("x")), false, false},
		{"exists", where("merchant", Exists), true, false},
		{"exists false", where("merchant", Exists, boolean("false")), false, true},
		{"missing mode", where("mode", Ne, text("card")), true, false},
		{"missing mode exists", where("mode", Exists, boolean("false")), false, true},
		{"unknown is missing", where("gateway", Eq, text("unknown")), false, false},
		{"amount eq", where("amount", Eq, num("12550")), true, false},
		{"amount in", where("amount", In, num("1"), num("100")), false, true},
		{"amount nin", where("amount", Nin, num("1"), num("100")), true, false},
		{"amount gt", where("amount", Gt, num("12550")), false, false},
		{"amount gte", where("amount", Gte, num("12550")), true, false},
		{"amount lt", where("amount", Lt, num("12550")), false, true},
		{"amount lte", where("amount", Lte, num("12550")), true, true},
		{"amount between", where("amount", Between, num("100"), num("12550")), true, true},
		{"amount between higher", where("amount", Between, num("101"), num("12549")), false, false},
		{"amount exists", where("amount", Exists, boolean("true")), true, true},
		{"money", where("amount", Gte, Value{Kind: MoneyValue, Text: "125.50", Currency: "inr"}), true, false},
		{"time", where("created_at", Gte, text("2026-03-02T15:30:00+05:30")), true, true},
		{"time in seconds", where("created_at", Gte, num("1772445600")), true, true},
		{"time in seconds, as text", where("created_at", Gt, text("1772445600")), false, false},
		{"time in microseconds", where("created_at", Lte, num("1772445600000000")), true, true},
		{"time before", where("created_at", Lt, text("2026-03-02T10:00:00Z")), false, false},
		{"attribute", where("attributes.card", Eq, text("famcard")), true, false},
		{"attribute ne", where("attributes.card", Ne, text("other")), true, false},
		{"attribute number", where("attributes.n", Eq, num("12.5")), true, false},
		{"attribute number ne", where("attributes.n", Ne, num("12.5")), false, false},
		{"attribute of text or number", where("attributes.n", In, text("x"), num("12.5")), true, false},
		{"attribute gt", where("attributes.n", Gt, num("9")), true, false},
		{"attribute lte", where("attributes.n", Lte, num("12.499")), false, false},
		{"attribute between", where("attributes.n", Between, num("-1"), num("12.5")), true, false},
		{"attribute that is no number", where("attributes.card", Gt, num("0")), false, false},
		{"attribute exists", where("attributes.none", Exists, boolean("false")), true, true},
		{"status", where("status", Eq, text("success")), true, true},
		{"group", Filter{Any: []Filter{where("merchant", Eq, text("zomato")), where("mode", Eq, text("upi"))}}, true, false},
		{"group of none", Filter{Any: []Filter{where("merchant", Eq, text("zomato")), where("mode", Eq, text("card"))}}, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := everything("m", MetricAmount, 1)
			m.Filters = []Filter{tt.filter}
			c := compiled(t, m).At(0)
			if got := c.Judge(&full) == Counted; got != tt.full {
				t.Errorf("full payment: %v, want %v", got, tt.full)
			}
			if got := c.Judge(&bare) == Counted; got != tt.bare {
				t.Errorf("bare payment: %v, want %v", got, tt.bare)
			}
		})
	}
}

func TestManyValuesMatchAsFew(t *testing.T) {
	values := []Value{text("a"), text("b"), text("c"), text("d"), text("e"), text("f"), text("g"), text("h"), text("i"), text("swiggy")}
	m := everything("m", MetricAmount, 1)
	m.Filters = []Filter{where("merchant", In, values...)}
	f := facts("t", 1, "2026-03-02T10:00:00Z")
	if got := compiled(t, m).At(0).Judge(&f); got != Counted {
		t.Errorf("in: %q", got)
	}
	m.Filters[0].Operator = Nin
	if got := compiled(t, m).At(0).Judge(&f); got != NotFilter {
		t.Errorf("nin: %q", got)
	}
}

func TestDecimal(t *testing.T) {
	for _, bad := range []string{"", "-", ".5", "5.", "1e3", " 1", "1_0", "0x1", "1.2.3", "१"} {
		if _, ok := parseDecimal(bad); ok {
			t.Errorf("%q is taken for a number", bad)
		}
	}
	ordered := []string{"-10.5", "-10.05", "-1", "0", "0.001", "0.01", "0.1", "9", "10", "10.05", "10.5", "99999999999999999999"}
	for i, a := range ordered {
		for j, b := range ordered {
			x, _ := parseDecimal(a)
			y, _ := parseDecimal(b)
			if got, want := x.compare(y), cmp.Compare(int64(i), int64(j)); got != want {
				t.Errorf("%s against %s: %d, want %d", a, b, got, want)
			}
		}
	}
	x, _ := parseDecimal("-0.00")
	y, _ := parseDecimal("+00")
	if x.compare(y) != 0 {
		t.Error("-0.00 is not 0")
	}
}

func TestParseMoney(t *testing.T) {
	tests := []struct {
		amount, currency string
		minor            int64
		ok               bool
	}{
		{"100.00", "INR", 10000, true}, {"100", "INR", 10000, true}, {"0.1", "INR", 10, true}, {"100.005", "INR", 0, false},
		{"0100", "INR", 0, false}, {"+100", "INR", 0, false}, {"1e2", "INR", 0, false}, {".5", "INR", 0, false}, {"500", "JPY", 500, true}, {"500.5", "JPY", 0, false}, {"1.234", "KWD", 1234, true}, {"92233720368547758.07", "INR", 9223372036854775807, true},
		{"92233720368547758.08", "INR", 0, false}, {"1.500", "INR", 150, true}, {"0", "INR", 0, true}, {"x", "INR", 0, false},
		{"1", "ZZZ", 0, false}, {"1", "inr", 0, false},
	}
	for _, tt := range tests {
		if minor, ok := parseMoney(tt.amount, tt.currency); minor != tt.minor || ok != tt.ok {
			t.Errorf("%s %s: %d %v", tt.amount, tt.currency, minor, ok)
		}
	}
	if got := payment.FormatMoney(5, "INR") + payment.FormatMoney(-12345, "KWD") + payment.FormatMoney(500, "JPY") + payment.FormatMoney(5, "ZZZ"); got != "₹0.05-KWD 12.345¥500ZZZ 0.05" {
		t.Error(got)
	}
}
