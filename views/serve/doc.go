// Package serve is what the routes of every room stand on: the tables and what they say of their age, operations and
// their problems, who may ask and how often, preconditions and idempotency, verdicts that are waited for, and metrics.
package serve
