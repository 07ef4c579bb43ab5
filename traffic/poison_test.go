package traffic

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPoisonIsWhatItsClassSays(t *testing.T) {
	if len(Poisons()) != 16 || poisonClasses != 16 {
		t.Fatalf("%d classes", len(Poisons()))
	}
	at := DefaultConfig().From.UnixMilli()
	notJSON := map[int]bool{truncated: true, trailingBytes: true, nanAmount: true}
	for class, p := range Poisons() {
		b := appendPoison(nil, class, []byte("x1"), at)
		if got := json.Valid(b); got == notJSON[class] {
			t.Errorf("%s: valid JSON %v: %.200s", p.Class, got, b)
		}
		if utf8.Valid(b) == (class == notUTF8) {
			t.Errorf("%s: %.200q", p.Class, b)
		}
		if (len(b) > inputLimit) != (class == tooLarge) {
			t.Errorf("%s: %d bytes", p.Class, len(b))
		}
		want := map[int]string{
			unknownType: `"type":"chargeback"`, negativeAmount: `"amount":-12550,`, zeroAmount: `"amount":0,`, fractionalAmount: `"amount":125.5,`,
			amountAboveInt64: `"amount":9223372036854775808,`, amountAboveFloat64: `"amount":1e309,`, unknownStatus: `"status":"maybe"`,
			futureTimestamp: `"updated_at":"2999-`, duplicateKey: `"amount":99900`, missingID: `{"type":`,
		}[class]
		if !strings.Contains(string(b), want) {
			t.Errorf("%s: %q is not in %s", p.Class, want, b)
		}
	}
}
