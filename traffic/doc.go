// Package traffic makes synthetic payment traffic that looks like India's: banks with their published volumes and
// decline rates, apps, gateways, cards and wallets, popular merchants, a daily rhythm, outages, and everything that a
// payment feed does wrong (pending payments that never end, reversals before their payment, duplicates, disorder,
// lateness, poison).
//
// It is pure: the same Config gives the same bytes, whatever the machine or the time of day. Nothing here reads a
// clock, a file or a global random source.
//
// A Generator draws payments in order of their arrival. Each payment becomes a handful of events with their own event
// times; each event is sent at its event time plus a delay, and Next returns the lines in order of sending.
package traffic
