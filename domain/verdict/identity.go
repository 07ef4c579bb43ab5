package verdict

import "strings"

// Identity returns what all commands under one idempotency key share: their id up to its dot. Behind the dot is a
// fingerprint of what is asked for. An id without a dot is its own identity.
func Identity(commandID string) string {
	identity, _, _ := strings.Cut(commandID, ".")
	return identity
}

// Clash tells whether among the commands that a row remembers there is one of the same identity as id with another
// fingerprint, and not id itself: the key was used for something else.
func Clash(remembered []string, id string) bool {
	identity, clash := Identity(id), false
	for _, before := range remembered {
		if before == id {
			return false
		}
		clash = clash || Identity(before) == identity
	}
	return clash
}

// Clash tells whether one of the last commands was another one under the same idempotency key.
func (l List) Clash(commandID string) bool {
	ids := make([]string, len(l))
	for i, v := range l {
		ids[i] = v.CommandID
	}
	return Clash(ids, commandID)
}
