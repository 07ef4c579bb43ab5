package payment

// Label is a name that describes a payment and that an event may lack: missions filter on it and tell its values apart,
// and a mode's setting may take it for the instrument.
type Label uint8

// The labels. Their numbers are in records: a new one goes to the end.
const (
	Merchant Label = iota
	Category

	labelEnd
)

// FirstLabels is how many labels there were when the first records were written. They stand among the fields of
// records and fingerprints; later ones follow behind.
const FirstLabels = Category + 1

// labelKind is what there is to know of a label.
type labelKind struct {
	field string // of the input contract
}

// labels has the kind of each label at its number.
var labels = [labelEnd]labelKind{
	Merchant: {"merchant"},
	Category: {"category"},
}

// Labels are the labels of a payment: trimmed, in lower case, empty where the event has none.
type Labels [labelEnd]string

// LabelValues are the labels of an input, not yet judged.
type LabelValues [labelEnd]Value

// LabelNames returns the field of each label, in order of their numbers.
func LabelNames() []string {
	names := make([]string, labelEnd)
	for l := range labels {
		names[l] = labels[l].field
	}
	return names
}

// LabelOf returns the label with that field, and whether there is one.
func LabelOf(field string) (Label, bool) {
	for l := range labelEnd {
		if labels[l].field == field {
			return l, true
		}
	}
	return 0, false
}

// String returns the field of the input contract.
func (l Label) String() string { return labels[l].field }
