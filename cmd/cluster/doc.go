// Package cluster does what an operator does with a Kafka cluster: it compares and creates topics, and waits until the
// groups of a deployment have processed their input.
package cluster
