package audit

// The checks by name, for tests that read reports as other programs do.
const (
	Conservation = checkConservation
	Coins        = checkCoins
	Progress     = checkProgress
	Rewards      = checkRewards
	Budgets      = checkBudgets
	Journal      = checkJournal
	Outcomes     = checkOutcomes
	Windows      = checkWindows
	Timers       = checkTimers
	Records      = checkRecords
)

// Checks returns the names of all checks.
func Checks() []string { return allChecks() }
