// Package wire writes and reads the bodies of Millrace's internal records: a version byte, then fields in the protobuf
// wire format, by the protowire library and without generated code (ADR 0003). A record is described once, by a
// function that runs in both directions (Fields, ADR 0028). Zero values are not written. Unknown fields are skipped, so
// a new field needs no new version; a new version is for a changed meaning.
package wire

import "errors"

// ErrTruncated and ErrVersion are the ways in which a body can be unreadable.
var (
	ErrTruncated = errors.New("wire: truncated or damaged record")
	ErrVersion   = errors.New("wire: unknown record version")
)
