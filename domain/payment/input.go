package payment

// SourceLimit is the largest record of the payments topic, in bytes, that is looked at (docs/design.md, section 4);
// larger ones are TooLarge. It equals stream.SourceLimit, which says the same to a transport.
const SourceLimit = 1 << 20

// Kind is the JSON kind of a Value.
type Kind uint8

// The kinds. Absent is the zero value: the record does not have the field.
const (
	Absent Kind = iota
	Null
	String
	Number
	Bool
	Object
	Array
)

// Value is one JSON value as the record has it, not yet judged.
type Value struct {
	Kind Kind
	// Text is the contents of a String; the literal of a Number or Bool; the compact JSON of an Object or Array.
	Text string
}

// Missing tells whether the value says nothing: not there, null, or an empty string, as senders with fixed structures
// write the fields that they leave out.
func (v Value) Missing() bool {
	return v.Kind == Absent || v.Kind == Null || (v.Kind == String && v.Text == "")
}

// Member is one member of a JSON object.
type Member struct {
	Key   string
	Value Value
}

// Input is one record of the payments topic as decoded from JSON, before normalisation. Fields have any kind: Normalise
// judges them, so that a record with several faults gets the most telling one.
type Input struct {
	Type          Value
	ID            Value
	TransactionID Value
	UserID        Value
	Amount        Value
	Currency      Value
	Status        Value
	Mode          Value
	Instrument    Value
	Gateway       Value
	Labels        LabelValues
	Decline       Value
	DeclineCode   Value
	LatencyMS     Value
	ReversalID    Value
	AttemptID     Value
	CreatedAt     Value
	UpdatedAt     Value
	At            Value // clock events only
	Attributes    Value // Kind tells whether Members means anything; Text is empty for an Object
	Members       []Member
	// Extra holds the fields that the contract does not name, as one compact JSON object in the record's order; nil if
	// there are none.
	Extra []byte
}
