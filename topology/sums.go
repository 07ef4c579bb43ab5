package topology

import "strings"

// Names of the sums that groups keep beside the rows of their tables, for each partition (stream.Context's Add). Money
// is in minor units.
const (
	// EventsSum is how many events the ledger was given, DuplicatesSum how many of them it had before. Of the ledger.
	EventsSum     = "events"
	DuplicatesSum = "duplicates"
	// WindowsSum is how many windows closed with a final. Of health.
	WindowsSum = "windows"
	// LettersSum is how many dead letters were filed. Of deadletters.
	LettersSum = "letters"
)

// The prefixes of sums by currency.
const (
	settledSum  = "settled/"
	reversedSum = "reversed/"
	returnedSum = "returned/"
	expiredSum  = "expired/"
	receivedSum = "received/"
	creditedSum = "credited/"
	debitedSum  = "debited/"

	tasksSum = "tasks/"

	waitingSum          = "waiting/"
	waitingReversalsSum = "waiting_reversals/"
)

// SettledSum names what payments have settled, of the ledger.
func SettledSum(currency string) string { return settledSum + currency }

// ReversedSum names what reversals have taken back. Of the ledger.
func ReversedSum(currency string) string { return reversedSum + currency }

// ReturnedSum names what reversals have given back that failed later. Of the ledger.
func ReturnedSum(currency string) string { return returnedSum + currency }

// ExpiredSum names what was left of transactions when their rows expired, of the ledger: its rows and this are what
// settled and was returned, less what was reversed.
func ExpiredSum(currency string) string { return expiredSum + currency }

// WaitingSum names the amounts of reversals that wait for their payment, WaitingReversalsSum how many do: those that
// succeeded elsewhere. Of one without an amount nobody knows yet how much it takes. Of the ledger; no part of its
// account, since nothing has moved.
func WaitingSum(currency string) string { return waitingSum + currency }

// WaitingReversalsSum see WaitingSum.
func WaitingReversalsSum(currency string) string { return waitingReversalsSum + currency }

// WaitingReversalsIn returns the currency of a WaitingReversalsSum.
func WaitingReversalsIn(sum string) (currency string, ok bool) {
	return strings.CutPrefix(sum, waitingReversalsSum)
}

// ReceivedSum names what the rows of progress have received in a partition, of progress: what postings brought, less
// what users had who were erased, and with what came in of those.
func ReceivedSum(currency string) string { return receivedSum + currency }

// CreditedSum names what postings that raise a net amount have brought to progress, DebitedSum what those took that
// lower one. Of progress; erasures move nothing in them.
func CreditedSum(currency string) string { return creditedSum + currency }

// DebitedSum see CreditedSum.
func DebitedSum(currency string) string { return debitedSum + currency }

// GrantingSum names how many rewards of a kind a provider was asked for and has not answered yet. Of rewards.
func GrantingSum(kind string) string { return "granting/" + kind }

// TasksSum names how many tasks of a kind wait, run or are parked, as task.State shows it. Of tasks.
func TasksSum(kind, shown string) string { return tasksSum + shown + "/" + kind }

// TasksIn returns the kind and the state of a TasksSum.
func TasksIn(sum string) (kind, shown string, ok bool) {
	rest, ok := strings.CutPrefix(sum, tasksSum)
	shown, kind, found := strings.Cut(rest, "/")
	return kind, shown, ok && found
}

// CurrencyOf returns the currency of a sum that has one.
func CurrencyOf(sum string) (string, bool) {
	for _, prefix := range []string{settledSum, reversedSum, returnedSum, expiredSum, receivedSum, creditedSum,
		debitedSum} {
		if currency, ok := strings.CutPrefix(sum, prefix); ok {
			return currency, true
		}
	}
	return "", false
}
