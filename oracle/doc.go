// Package oracle computes what the pipeline must have made of a log of `transactions`. It is a plain fold over the
// committed records, in the order of each partition, written from the rules (docs/design.md, sections 4 to 8), and
// shares no code with the decisions in domain. It is for tests and audits.
//
// Use it so: Add every record of `transactions` in offset order, and every Enrolment and Segments in any, call Result,
// fill an Observed with what the pipeline's tables and topics hold, and Compare the two. Budgets and rewards depend on
// orders that no log keeps; a Treasury says what must hold of them all the same (ADR 16), with Annals of what the rows
// of rewards have forgotten.
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
// And about missions:
//   - progress is a function of a user's settled payments, with what is left of each, of the user's enrolments and
//     segments, and of the mission with all that was done to it; in what order any of that came makes no difference;
//   - an automatic enrolment is judged by the version in force at the payment's created_at, with its window, filters,
//     currency and audience, pauses and the end of the mission; that the payment was reversed since makes no
//     difference, to it or to the begin of a window from the first payment;
//   - who opted in takes part from an enrolment to the next withdrawal, end excluded; at a tie the withdrawal comes
//     last. The first enrolment decides the version and begins a per_user window; a withdrawal does not end the window,
//     nor a return begin another;
//   - a user who is in one of a mission's segments at the payment's created_at is of its audience; the first set of
//     segments also holds before it;
//   - a local day begins in the first minute that shows its date; a date that clocks show again afterwards is over, one
//     that they never show is no day, and a streak goes on over it;
//   - completions are counted, and limited, by window.
//
// All that holds of users whose rows remember everything that reached them. A row remembers the payments of a while and
// no more of them than a bound, so of others it depends on order what counts. A Memory follows what such a row forgets:
// by the order of postings, which their topic keeps, and by every order in which enrolments, segments and changes of
// missions may have come between. What is there must be one of the ways in which that may have come out; mostly there
// is one. A Recollection gathers what it needs from records, and narrows the orders by what progress says, with each of
// its commits, that it had read. About what rows forget, this is taken (docs/design.md, section 6.1, ADR 9, ADR 17):
//   - a posting of a payment that is remembered no more is judged for itself, by what is known when it comes;
//   - once a payment that counts is forgotten, the version, the enrolment and the begin of the user's own window stay;
//   - a user comes into a mission with what is remembered then: what was forgotten before does not count, nor do its
//     reversals. What comes for the first time counts however late, up to a bound, if it would have counted in time
//     without moving what stays;
//   - beyond their bounds the oldest windows, segments and switches are dropped, and what was won in such windows
//     stays.
//
// What it leaves out: expiry of rows (90 days), the bound on a row's bytes, late_beyond_horizon; of missions, windows
// with more values or days than a row tells apart, of which it says that it cannot judge them.
package oracle
