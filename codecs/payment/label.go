package payment

import (
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/payment"
)

// LabelFields are the labels of an event, as its sender writes them.
type LabelFields struct {
	Merchant *string `json:"merchant,omitempty" nullable:"true" maxLength:"256" doc:"Who was paid; filters and distinct counts look at it" example:"swiggy"`
	Category *string `json:"category,omitempty" nullable:"true" maxLength:"256" example:"food"`
}

// LabelDoc are the labels of a payment, as reads and tasks show them; empty for none.
type LabelDoc struct {
	Merchant string `json:"merchant"`
	Category string `json:"category"`
}

// LabelDocOf returns l as it is shown.
func LabelDocOf(l *payment.Labels) LabelDoc {
	return LabelDoc{Merchant: l[payment.Merchant], Category: l[payment.Category]}
}

// laterLabels is the number of labels that came after the first, the same in every record.
const laterLabels = wire.Number(64)

// Labels are the labels of a record, the first of them under the number first.
func Labels(f *wire.Fields, first wire.Number, l *payment.Labels) {
	for i := range l {
		f.Text(labelNumber(first, i), &l[i])
	}
}

// OtherLabels are those labels of a record in which it differs from what another says.
func OtherLabels(f *wire.Fields, first wire.Number, l, other *payment.Labels) {
	for i := range l {
		f.Other(labelNumber(first, i), &l[i], other[i])
	}
}

func labelNumber(first wire.Number, label int) wire.Number {
	if label < int(payment.FirstLabels) {
		return first + wire.Number(label) //nolint:gosec // labels are few
	}
	return laterLabels + wire.Number(label) //nolint:gosec // labels are few
}
