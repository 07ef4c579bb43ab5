package ledger

// Outcome is how a payment attempt ended, as bank health sees it.
type Outcome uint8

// The outcomes of an attempt. Their numbers are on the wire.
const (
	Succeeded Outcome = iota + 1
	FailedTechnical
	FailedBusiness
	TimedOut

	// OutcomeEnd is one more than the last: the length of a list with a place for each outcome.
	OutcomeEnd
)

// OutcomeClass is all that there is to know of an outcome.
type OutcomeClass struct {
	// Name is the word of records, views and metrics.
	Name string
	// Rated tells that the technical rate is over it. A customer's own failure says nothing of the bank.
	Rated bool
	// Answered tells that the bank did its part, so that a probe with this outcome is a good one.
	Answered bool
	// Unanswered tells that nothing came back in time: settings decide whether that counts against the bank.
	Unanswered bool
}

// outcomes has the class of each outcome at its number.
var outcomes = [OutcomeEnd]OutcomeClass{
	Succeeded:       {Name: "success", Rated: true, Answered: true},
	FailedTechnical: {Name: "technical", Rated: true},
	FailedBusiness:  {Name: "business", Answered: true},
	TimedOut:        {Name: "timeout", Rated: true, Unanswered: true},
}

// Class returns the class of o, an empty one for an outcome that nobody knows.
func (o Outcome) Class() OutcomeClass {
	if !o.Known() {
		return OutcomeClass{}
	}
	return outcomes[o]
}

// Known tells whether o is an outcome.
func (o Outcome) Known() bool { return o > 0 && o < OutcomeEnd }

// String returns the name of the outcome, empty if nobody knows it.
func (o Outcome) String() string { return o.Class().Name }
