package payment

import (
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	for given, want := range map[string]string{
		"  Swiggy\t": "swiggy", "\u00a0SBI\u2003": "sbi", "amul\u00a0dairy": "amul dairy", "amul\u3000dairy": "amul dairy", "amul dairy": "amul dairy",
		"İSBANK": "isbank", "ısbank": "ısbank", "STRASSE": "strasse", "straße": "straße", "STRAẞE": "straße", "ＳＢＩ１": "ｓｂｉ１",
		"\u0915\u094d\u200d\u0937": "\u0915\u094d\u200d\u0937", "\u3000": "", "ΟΔΟΣ": "οδοσ",
	} {
		in := sample()
		in.Labels[Merchant] = str(given)
		if e := normalise(t, in); e.Labels[Merchant] != want || Name(want) != want {
			t.Errorf("%+q: %+q, want %+q", given, e.Labels[Merchant], want)
		}
	}
	for _, bad := range []string{"a\u200bb", "swiggy\ufeff", "\u202eyggiws", "a\x00b", "a\nb", "a\u2028b", "soft\u00adhyphen", "a\u2060b", "\u200bswiggy", "\u2028", "\u2029swiggy", "swiggy\u2028 ", "\u0085"} {
		for field, set := range map[string]func(*Input){
			"mode":       func(in *Input) { in.Mode = str(bad) },
			"instrument": func(in *Input) { in.Instrument = str(bad) },
			"gateway":    func(in *Input) { in.Gateway = str(bad) },
			"merchant":   func(in *Input) { in.Labels[Merchant] = str(bad) },
			"category":   func(in *Input) { in.Labels[Category] = str(bad) },
			"attributes": func(in *Input) { in.Members = []Member{{bad, str("v")}} },
		} {
			in := sample()
			set(in)
			_, problem := Normalise(in, origin(), DefaultConfig())
			if problem == nil || problem.Reason != InvalidField || problem.Field != field || !strings.Contains(problem.Detail, "write it without") {
				t.Errorf("%s %+q: %v", field, bad, problem)
			}
		}
	}
}
