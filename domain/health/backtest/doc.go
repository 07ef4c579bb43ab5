// Package backtest replays history under other settings of health: which outages they would have found, how soon, and
// how many false alarms they would have raised.
//
// A Replay takes attempts, or the counts of windows if the attempts are gone, through the rows and functions that the
// groups health and routing run; it decides nothing itself. A Trial compares the states of the replay with known
// outages. The outages come from people or from a generator, so a Report also has, for each, whether there was enough
// volume to find it.
//
// The words: a level is an instrument, or one of its gateways. An alarm is the time during which a level is not up. An
// alarm belongs to an outage of its level if it is on at the end of a window that the outage has a part in. Alarms that
// begin while scores still look back on an outage are its aftermath. All others are false. A full window lies in the
// outage as a whole; where windows hop, each of them counts.
package backtest
