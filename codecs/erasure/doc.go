// Package erasure reads and writes requests to forget a user or a transaction.
package erasure
