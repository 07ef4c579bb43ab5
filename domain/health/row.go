package health

import "github.com/millrace/millrace/domain/instant"

// Row is one row of the health table: the open windows of a mode/instrument/gateway, or one of its closed windows.
type Row struct{}

// ClosedWindow travels on the health loop to the row that keeps a closed window under a key of its own.
type ClosedWindow struct{}

// WindowRecord is the public record of a closed window or of a later revision.
type WindowRecord struct{}

// Score is the weighted health of one mode/instrument/gateway at a window end: the record of `health-scores`, keyed by mode.
type Score struct {
	WindowEnd instant.Milli
}

// ModeRow is the routing state of one mode.
type ModeRow struct{}

// StatusRecord is the public record of a state change: the record of `health-status`.
type StatusRecord struct{}
