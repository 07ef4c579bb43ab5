package payment

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/millrace/millrace/domain/payment"
)

// Every label is in the input contract and in what is shown of a payment, under its name and with its own value.
func TestEveryLabelIsReadAndShown(t *testing.T) {
	var all payment.Labels
	for i, name := range payment.LabelNames() {
		all[i] = "value of " + name
	}
	text, err := json.Marshal(LabelDocOf(&all))
	if err != nil {
		t.Fatal(err)
	}
	var shown map[string]string
	if err := json.Unmarshal(text, &shown); err != nil {
		t.Fatal(err)
	}
	form := reflect.TypeFor[LabelFields]()
	if len(shown) != len(all) || form.NumField() != len(all) {
		t.Errorf("%d labels, %d are shown, %d in the contract", len(all), len(shown), form.NumField())
	}
	for i, name := range payment.LabelNames() {
		if shown[name] != all[i] {
			t.Errorf("%s is shown as %q", name, shown[name])
		}
		if tag := form.Field(i).Tag.Get("json"); !strings.HasPrefix(tag, name+",") {
			t.Errorf("the contract has %q where %s should be", tag, name)
		}
	}
}
