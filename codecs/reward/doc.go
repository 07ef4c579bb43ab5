// Package reward reads and writes commands and results of rewards, rows of rewards and budgets, notices, requests of
// support, and files of gift codes.
package reward
