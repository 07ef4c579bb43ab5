// Package task serves tasks to operators: lists, one task with its runs, kinds, and what people do with them.
package task
