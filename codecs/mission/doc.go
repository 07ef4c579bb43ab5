// Package mission reads and writes definitions of missions, rows of users with their progress, and outcomes.
package mission
