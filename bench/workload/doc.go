// Package workload is what engine and stock goka are compared by: two plain goka graphs, each with the same callbacks
// under every codec and transport.
//
//   - ledger: payment events, by transaction. It keeps a row for each transaction, drops events that it has seen, and
//     emits a posting for each movement of the transaction's net amount.
//   - progress: those postings, by user. It keeps a sum for each user.
//
// They have the shape and the data of Millrace's own first two stages, and fewer rules: no timers, journal or missions.
// The events come from package traffic.
package workload
