// Package window keeps the open windows of keys: which windows an event belongs to, which of them a watermark closes,
// what is late, and how a closed window is revised. It knows nothing of what is counted: values are of any type, merged
// by a function, and every function leaves what it was given unchanged.
//
// A Set is the windows of one key, for a row of a table. A Table is the windows of many keys, with what closed, for
// programs that keep them together. StreamTime drives either per record.
//
// A window is closed once the watermark has reached its end plus grace, and closed for good: Set.ClosedTo travels with
// the windows, so that a watermark lost in a restart reopens nothing and repeats no final.
package window
