// Package task reads and writes tasks, their runs and answers, and the rows that they wait in.
package task
