package payment

import (
	"fmt"
	"testing"
)

func TestShippedDecline(t *testing.T) {
	for code, want := range map[string]Decline{
		"51": Business, "05": Business, "55": Business, "54": Business, "91": Technical, "96": Technical, "68": Technical,
		"Z9": Business, "ZM": Business, "ZA": Business, "U69": Business, "U16": Business,
		"U30": Technical, "U28": Technical, "U67": Technical, "U88": Technical, "XY": Technical, "Y1": Technical, "UT": Technical, "BT": Technical,
	} {
		if got, known := shippedDecline(code); !known || got != want {
			t.Errorf("%s: %v, known %v; want %v", code, got, known, want)
		}
	}
	for _, code := range []string{"", "00", "U00", "z9", "Z", "U3", "U300", "UAB", "QQQ"} {
		if got, known := shippedDecline(code); known || got != Technical {
			t.Errorf("%q: %v, known %v; want technical, unknown", code, got, known)
		}
	}
}

// A code of both lists would depend on the order in which they are asked.
func TestDeclineListsAreApart(t *testing.T) {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	var codes []string
	for _, a := range letters {
		for _, b := range letters {
			codes = append(codes, string(a)+string(b), fmt.Sprintf("U%c%c", a, b))
		}
	}
	both := 0
	for _, code := range codes {
		business, technical := isoBusiness(code) || upiBusiness(code), isoTechnical(code) || upiTechnical(code)
		// Of the U codes the business ones are taken out of the technical rest.
		if business && technical && (len(code) != 3 || isoBusiness(code)) {
			both++
			t.Errorf("%s is business and technical", code)
		}
	}
	if both == 0 && len(codes) == 0 {
		t.Fatal("nothing was compared")
	}
}

func TestClassify(t *testing.T) {
	cfg := Config{Declines: map[string]string{"51": "technical", "X9": "business"}}
	for _, c := range []struct {
		word, code string
		want       Decline
	}{
		{"", "", Technical},
		{"business", "", Business},
		{"technical", "Z9", Technical},
		{"business", "91", Business},
		{"issuer", "Z9", Business},
		{"issuer", "", Technical},
		{"", "Z9", Business},
		{"", "91", Technical},
		{"", "51", Technical},
		{"", "X9", Business},
		{"", "nonsense", Technical},
	} {
		if got := cfg.classify(c.word, c.code); got != c.want {
			t.Errorf("classify(%q, %q) = %v, want %v", c.word, c.code, got, c.want)
		}
	}
}

func TestExponent(t *testing.T) {
	for code, want := range map[string]int{"INR": 2, "USD": 2, "JPY": 0, "KWD": 3, "CLF": 4, "MGA": 2} {
		if got, known := Exponent(code); !known || got != want {
			t.Errorf("%s: %d, known %v; want %d", code, got, known, want)
		}
	}
	for _, code := range []string{"", "inr", "XXX", "XAU", "XTS", "ZZZ", "RUPEE"} {
		if _, known := Exponent(code); known {
			t.Errorf("%q is known", code)
		}
	}
}

func TestConfigValidate(t *testing.T) {
	if err := DefaultConfig().Validate(); err != nil {
		t.Errorf("defaults: %v", err)
	}
	good := Config{
		HealthInstruments: map[string][]string{"upi": {"instrument", "attributes.app"}}, Declines: map[string]string{"U30": "business"}, FutureBound: 1,
	}
	if err := good.Validate(); err != nil {
		t.Errorf("good: %v", err)
	}
	bad := Config{
		HealthInstruments: map[string][]string{"UPI": {"instrument"}, "card": {}, "x": {"attributes.", "bank"}},
		Declines:          map[string]string{"u30": "business", "Z9": "both"},
	}
	err := bad.Validate()
	if joined, ok := err.(interface{ Unwrap() []error }); !ok || len(joined.Unwrap()) != 7 {
		t.Errorf("want 7 problems, got: %v", err)
	}
}
