// Package engine runs goka processors exactly once, on franz-go: input offsets, emits and the table's changelog commit
// in one Kafka transaction, and the local store never runs ahead of a commit. goka is used as it comes, through its own
// extension points. README.md says what holds and what does not; docs/adr/0006-commit-protocol.md walks through the
// commit.
//
// A plain goka graph needs one line:
//
//	processor, err := goka.NewProcessor(brokers, graph, engine.Options(engine.Config{Client: engine.ClientConfig{Brokers: brokers}})...)
//
// Graphs built from stream's edges also get dead letters, event time, timers and sweeps; they are run by Engine.Run.
//
// File map: engine (wiring), member (the transactional client and its group membership), session (one assignment),
// batch (one transaction), table (the group's own rows), replica (tables that are only read), recovery and reader
// (changelog to store), group, consumer, producer, topic (goka's and sarama's interfaces), partition, pump, call and
// keep (event time and timers), view (a table for services that only read it).
package engine
