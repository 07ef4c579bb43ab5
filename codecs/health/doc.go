// Package health reads and writes what payment health keeps and says: windows, states of instruments, downtimes,
// settings, and what operators do about them.
package health
