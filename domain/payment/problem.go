package payment

// Problem says why a record cannot be used. It never holds a value of the record: details travel in headers and answers.
type Problem struct {
	Reason Reason
	Field  string // the contract's name of the field, empty if no single field is to blame
	Detail string // for people
}

// Error returns the field and the detail.
func (p *Problem) Error() string {
	if p.Field == "" {
		return p.Detail
	}
	return p.Field + ": " + p.Detail
}

// DeadLetterReason returns the reason code for the record's dead letter.
func (p *Problem) DeadLetterReason() string { return string(p.Reason) }
