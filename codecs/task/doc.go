// Package task reads and writes tasks as the topic has them.
package task
