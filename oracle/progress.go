package oracle

import "github.com/millrace/millrace/domain/instant"

// ProgressKey names one window of one user's way in one version of a mission.
type ProgressKey struct {
	User, Mission string
	Version       int64
	Start         instant.Milli // of the window
}

// Progress is how far it has led. A window without any contribution and completion has none.
type Progress struct {
	Progress    int64
	Completions int64 // by the user's row
	Outcomes    int64 // completions less revocations on the outcomes topic
}
