// Package audit reads and writes lines of the audit, and the proof of an actor as commands carry it.
package audit
