package mission

import (
	"testing"

	"github.com/millrace/millrace/domain/payment"
)

// Filters and distinct goals look at every label of a payment.
func TestEveryLabelIsAField(t *testing.T) {
	for i, name := range payment.LabelNames() {
		f := fieldOf(name)
		if f.kind != wordField || !f.distinct {
			t.Errorf("%s is no field that filters and goals look at", name)
			continue
		}
		facts := &payment.Facts{}
		facts.Labels[i] = "x"
		if got, ok := f.text(facts); got != "x" || !ok {
			t.Errorf("%s reads %q, %v", name, got, ok)
		}
	}
}
