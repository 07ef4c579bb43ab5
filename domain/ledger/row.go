package ledger

// Row is the ledger's state of one transaction.
type Row struct{}

// JournalEntry is one line of the ledger journal: what one event did to its transaction.
type JournalEntry struct{}
