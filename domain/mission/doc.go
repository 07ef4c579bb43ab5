// Package mission decides what a mission is, whether a payment counts for it, how far a user has come, and what a user
// sees of it.
//
// A Mission is a definition. A Version is a definition together with what operators did to it, in event time. Compile turns
// a Version into closures over payment facts; an Index holds the compiled ones and hands out immutable Snapshots. Apply
// folds one posting into a UserRow. Contributions are pure functions of (payment, net, mission version), so progress does
// not depend on the order in which payments arrive.
package mission
