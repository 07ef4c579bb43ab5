// Package deadletter keeps what is known of each record that could not be used, and what became of it.
package deadletter

// Row is the state of one dead letter.
type Row struct{}
