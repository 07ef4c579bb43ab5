// Package erasure holds the requests by which rows forget a user.
package erasure

import "github.com/millrace/millrace/domain/instant"

// Nobody stands for every user who was forgotten: rows that must stay for their amounts are theirs from then on. No
// user has this id, since intake takes none with a control character.
const Nobody = "\x1enobody"

// Request asks that a user's rows go, or that a transaction forgets its user: the record of `erasures`, keyed by
// what it names. Groups pass over what does not concern them.
type Request struct {
	UserID        string // rows of this user go
	TransactionID string // or: this transaction forgets its user
	TaskRow       string // or: this row of tasks, by its key in the table, forgets UserID
	At            instant.Milli
}

// Key returns the key of the record.
func (r *Request) Key() string {
	if r.TaskRow != "" {
		return r.TaskRow
	}
	return r.UserID + r.TransactionID
}

// Sound tells whether r names exactly one of user and transaction, and with a row of tasks the user.
func (r *Request) Sound() bool {
	return (r.UserID == "") != (r.TransactionID == "") && (r.TaskRow == "" || r.UserID != "")
}
