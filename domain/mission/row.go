package mission

// UserRow is the progress state of one user over all missions.
type UserRow struct{}

// Outcome is a completion or its revocation: the record of `outcomes`, keyed by mission.
type Outcome struct{}
