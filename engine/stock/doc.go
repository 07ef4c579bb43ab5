// Package stock runs Millrace's processors and table readers on goka as it comes, over plaintext Kafka through sarama.
//
// A Transport belongs to one processor: it supplies the []goka.ProcessorOption, gives callbacks their event time and timers
// (stream.Transport), and drives the visits by which timers and sweeps are served. A Table is a reader of one group's table.
//
// What it promises: across graceful stops and rebalances every input record takes effect exactly once, because a session
// ends only when all its emits are acknowledged and its marks committed. After a crash it promises at-least-once only.
//
// Event time lives per partition: the largest event time that earlier records carried, the minimum over all sources of the
// clock records that came in, and, once the partition is idle and read to its end, the wall time that passed since its last
// record. It is not stored: after a rebalance it is rebuilt from the rows (see stream.Timers) before any record is handled.
//
// sarama types appear here and nowhere else.
package stock
