// Package oracle says where users must stand in missions, from what reached their rows. It is written from the rules
// (docs/design.md, section 6) and shares no code with the decisions in domain. `verify` and the running audit use it,
// and so do the tests: test/model has the rest of the pipeline.
//
// A Standing says it of users whose rows remember everything that reached them. About missions, this is taken:
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
// A row remembers the payments of a while and no more of them than a bound, so of others it depends on order what
// counts. A Memory follows what such a row forgets: by the order of postings, which their topic keeps, and by every
// order in which enrolments, segments and changes of missions may have come between. What is there must be one of the
// ways in which that may have come out; mostly there is one. A Recollection gathers what it needs from records, and
// narrows the orders by what progress says, with each of its commits, that it had read. About what rows forget, this is
// taken (docs/design.md, section 6.1, ADR 9, ADR 17):
//   - a posting of a payment that is remembered no more is judged for itself, by what is known when it comes;
//   - once a payment that counts is forgotten, the version, the enrolment and the begin of the user's own window stay;
//   - a user comes into a mission with what is remembered then: what was forgotten before does not count, nor do its
//     reversals. What comes for the first time counts however late, up to a bound, if it would have counted in time
//     without moving what stays;
//   - beyond their bounds the oldest windows, segments and switches are dropped, and what was won in such windows
//     stays.
//
// What it leaves out: expiry of rows (90 days), the bound on a row's bytes, and windows with more values or days than a
// row tells apart, of which it says that it cannot judge them.
package oracle
