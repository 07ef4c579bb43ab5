// Package payment reads events of the input contract and of the relay, and writes them as records and as JSON. The
// reader of events is a scanner of one pass (ADR 0004).
package payment
