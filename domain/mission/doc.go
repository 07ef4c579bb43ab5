// Package mission decides what a mission is, whether a payment counts for it, how far a user has come, and what a user
// sees of it.
//
// A Mission is a definition. A History is a mission as the catalog keeps it: the Versions of its definition, and what operators
// did to all of it, in event time. Compile turns a History into a Plan of closures over payment facts; an Index holds the plans
// and hands out immutable Snapshots. Apply folds one posting into a UserRow, ApplyEnrolment and ApplySegments what users ask for
// and what is known of them.
//
// Contributions are pure functions of (payment, net, mission version), and where a user stands in a mission (in which version,
// since when) is derived from what the row remembers, so progress does not depend on the order in which any of it arrives. Read on
// in place.go (whether a payment counts), derive.go (where a user stands), count.go (what one posting does), conclude.go (what is
// won and lost), and ADR 9.
package mission
