// Package deadletter shows records that could not be used, and takes what people decide on them.
package deadletter
