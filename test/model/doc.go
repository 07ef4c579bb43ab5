// Package model computes what the pipeline must have made of a log of `transactions`. It is a plain fold over the
// committed records, in the order of each partition, written from the rules (docs/design.md, sections 4 to 8), and
// shares no code with the decisions in domain. Where users stand in missions it asks package oracle, which `verify`
// uses as well. It is for tests and crash runs.
//
// Use it so: Add every record of `transactions` in offset order, and every Enrolment and Segments in any, call Result,
// fill an Observed with what the pipeline's tables and topics hold, and Compare the two. Judge puts right what the fold
// wants of users whose rows have forgotten something. Budgets and rewards depend on orders that no log keeps; a
// Treasury says what must hold of them all the same (ADR 16), with Annals of what the rows of rewards have forgotten.
//
// Time is what the ledger sees: before each record, the watermark of its partition is the largest updated_at of the
// records before it, or where clock records have moved it. A payment that is still pending when the watermark reaches
// its timeout has timed out, whenever a processor gets round to saying so; hence a log has to end with clock events
// that move time past all timeouts.
//
// Where docs/design.md, section 5, leaves a choice about transactions, this is taken:
//   - an event that is refused leaves nothing behind, so that its id may come again;
//   - an event taken before is told before all else, also where it would be too old by now;
//   - a reversal that comes before its payment has settled is judged when it settles, in order of arrival; one in
//     another currency as soon as a payment event of any status has shown the currency;
//   - a payment has the facts (user, merchant, amount, currency, instruments) of the event that brought it its status;
//   - a payment was first seen at its first record in the log, not at its earliest updated_at;
//   - at a tie of updated_at within one reversal, failed decides, then success, then the greater event id;
//   - a reversal of "all that remains" where nothing remains is an over-reversal.
//
// What it leaves out: expiry of rows (90 days), the bound on a row's bytes, late_beyond_horizon.
package model
