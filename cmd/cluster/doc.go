// Package cluster does to a Kafka cluster what an operator does: compare and create topics, and wait until the groups of a
// deployment have worked off what is there.
package cluster
