package audit

import "slices"

// Report is what Verify found.
type Report struct {
	OK     bool    `json:"ok"`
	Checks []Check `json:"checks"`
	// Waiting are the reversals that wait for their payment, what is given up first before the rest; at most as many as
	// findings are shown.
	Waiting []Waiting `json:"waiting"`
	// WaitingCount is how many there are.
	WaitingCount int `json:"waiting_count"`
}

// Check is one of the things that were looked at.
type Check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Evidence names each finding, at most as many as are shown; the last line then says how many more there are.
	Evidence []string `json:"evidence"`
	// LeftOut is how many users could not be judged: what they count depends on an order that is recorded nowhere any
	// more. Of Progress.
	LeftOut int `json:"left_out,omitempty"`
	// LeftOutWhy says why, with the number of users for each reason.
	LeftOutWhy []string `json:"left_out_why,omitempty"`
}

// The names of the checks.
const (
	// ledger net = sum of postings = net received by progress, by currency; rows of a partition = its sums (ADR 21)
	checkConservation = "conservation"
	checkCoins        = "coins" // the entries of a user add up to the balance, and tell of each spend
	// what a user's row counts in missions = what an oracle that shares no code with it makes of the user's postings
	checkProgress = "progress"
	checkRewards  = "rewards"  // a reward is what an allotment says, and its coins are among the entries
	checkBudgets  = "budgets"  // reserved and spent of a mission = allotted - returned
	checkJournal  = "journal"  // the last line of a transaction in ledger-journal says what its row says
	checkOutcomes = "outcomes" // completions in a user's row = completed - revoked on outcomes
	checkWindows  = "windows"  // one final for each window, and corrections in order behind it
	checkFenced   = "fenced"   // nothing of a producer that had been fenced is committed
	checkTimers   = "timers"   // no timer is pending whose time has passed
	checkRecords  = "records"  // every record that is audited can be read
)

// allChecks returns the names of all checks, in their order.
func allChecks() []string {
	return []string{checkConservation, checkProgress, checkCoins, checkRewards, checkBudgets, checkJournal,
		checkOutcomes, checkWindows, checkFenced, checkTimers, checkRecords}
}

// difference is where the two sides of an account do not agree.
type difference struct {
	check    string
	key      string // of the account
	state    string // what both sides say: while it stays the same, neither has changed
	text     string
	place    string // where to look, without anything personal
	currency string // of minor; empty where it is not about money
	minor    int64
	sure     bool // whatever comes later
	total    bool // of rows that may have differences of their own
}

func (d difference) id() string { return d.check + "\x00" + d.key }

// shown bounds how many findings of one check are spelled out.
const shown = 50

func reportOf(findings []difference, left []string, leftOut int, waiting []Waiting) Report {
	r := Report{OK: len(findings) == 0, Waiting: waiting[:min(len(waiting), shown)], WaitingCount: len(waiting)}
	for _, name := range allChecks() {
		c := Check{Name: name, OK: true, Evidence: []string{}}
		if name == checkProgress {
			c.LeftOut, c.LeftOutWhy = leftOut, left
		}
		for _, f := range findings {
			if f.check == name {
				c.OK = false
				c.Evidence = append(c.Evidence, f.text)
			}
		}
		slices.Sort(c.Evidence)
		if n := len(c.Evidence); n > shown {
			c.Evidence = append(c.Evidence[:shown], more(n-shown))
		}
		r.Checks = append(r.Checks, c)
	}
	return r
}
