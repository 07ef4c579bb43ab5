// Package backtest tells what settings of health would have made of history: which outages they would have found, how soon,
// and how often they would have cried wolf.
//
// A Replay takes attempts, or the counts of windows where the attempts are gone, through the rows and functions that the groups
// health and routing run; there is no second opinion here. A Trial listens to the replay and holds what it heard against outages
// that are known. The outages come from people or from a generator, so a Report says for each whether there was enough to go by.
//
// The words: a level is an instrument, or one of its gateways. An alarm is the time during which a level is not up. An alarm
// belongs to an outage of its level if it is on at the end of a window that the outage has a part in. Alarms that begin while
// scores still look back on an outage are its aftermath. All others are false. A full window lies in the outage as a whole; where windows
// hop, each of them counts.
package backtest
