// Package ledger answers what became of a transaction, and what it did for a mission.
package ledger
