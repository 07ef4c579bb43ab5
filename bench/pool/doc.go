// Package pool measures how fast the budget group takes gift codes in, on the engine, and how long outcomes wait for it
// meanwhile.
package pool
