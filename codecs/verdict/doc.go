// Package verdict reads and writes a verdict on a command, and its problems, as parts of records.
package verdict
