package ledger

// The bounds of a row, for tests that reach them.
const (
	MaxEvents   = maxEvents
	MaxPlaces   = maxPlaces
	JournalSize = journalSize
)
