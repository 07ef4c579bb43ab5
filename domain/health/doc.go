// Package health decides how well payments go through: it counts attempts per mode, instrument and gateway in windows
// of event time, scores the last windows of each, and turns scores into states: by hysteresis, and by probes where they
// are on.
//
// A Row is the windows of one mode/instrument/gateway (AdvanceTo closes what is due, Observe counts an attempt), or one
// closed window under a key of its own (ApplyClosed). A ModeRow is the states of one mode (ModeRow.AdvanceTo evaluates
// what is due, ModeRow.ObserveScore files a score), the decisions of people over them (ModeRow.Intervene, ModeRow.Set),
// and the downtimes that follow. All of these functions are total and leave their input unchanged; effects say what
// must happen outside. README.md has the invariants and the order to read in.
//
// Arithmetic is in integers (weights are fixed-point), so that the same attempts give the same bits on every machine.
package health
