package views

import (
	"time"
)

// The limits of every server.
const (
	maxBodyBytes   = 64 << 10 // of an operation that says nothing else
	maxAnyBytes    = 10 << 20 // of any
	maxHeaderBytes = 64 << 10 // of the head of a request
	maxHeaders     = 100
	defaultWait    = 5 * time.Second
)
