// Package deadletter reads and writes dead letters as the deadletters group keeps them, and decisions on them.
package deadletter
