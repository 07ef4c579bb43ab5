package serve

import (
	"time"
)

// The limits of every server.
const (
	MaxBodyBytes   = 64 << 10 // of an operation that says nothing else
	MaxAnyBytes    = 10 << 20 // of any
	maxHeaderBytes = 64 << 10 // of the head of a request
	maxHeaders     = 100
	DefaultWait    = 5 * time.Second
)
