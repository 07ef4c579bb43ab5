// Package mission decides what a mission is, whether a payment counts for it, how far a user has come, and what a user
// sees of it.
//
// A Mission is a definition. A History is a mission as the catalog keeps it: the Versions of its definition, and its
// pauses and end, in event time. Compile turns a History into a Plan of closures over payment facts. An Index holds the
// plans and hands out immutable Snapshots. Apply folds one posting into a UserRow, ApplyEnrolment an enrolment or a
// withdrawal, ApplySegments a set of segments.
//
// A contribution is a pure function of payment, net amount and mission version. The user's state in a mission (in which
// version, since when) is derived from the payments that the row remembers. So progress does not depend on the order in
// which any of it arrives. README.md has the invariants and the order to read in, ADR 9 the reasons.
package mission
