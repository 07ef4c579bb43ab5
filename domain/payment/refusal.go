package payment

// Refusal says why a record cannot be used. It never holds a value of the record: details travel in headers and
// answers.
type Refusal struct {
	Reason Reason
	Field  string // the contract's name of the field, empty if no single field is to blame
	Detail string // for people
}

// Error returns the field and the detail.
func (r *Refusal) Error() string {
	if r.Field == "" {
		return r.Detail
	}
	return r.Field + ": " + r.Detail
}

// DeadLetterReason returns the reason code for the record's dead letter.
func (r *Refusal) DeadLetterReason() string { return string(r.Reason) }
