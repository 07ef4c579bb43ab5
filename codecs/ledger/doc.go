// Package ledger reads and writes rows of the ledger, and what the ledger says of a transaction: postings, attempts and
// the journal.
package ledger
