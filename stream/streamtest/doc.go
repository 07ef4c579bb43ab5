// Package streamtest runs one processor under test: on the engine, over an in-process broker of its own, without a wall
// clock. Tests are scripts with golden output (Run), or Go code that calls the same methods (New).
//
// # Scripts
//
// A script is a file of blocks, separated by blank lines. A block is a number of command lines, a line "----", and the
// golden output of all its commands. Lines that begin with # are comments; command lines that begin with a space or a
// tab continue the line before. go test -rewrite writes the goldens anew.
//
//	# the first payment settles
//	consume transactions key=t1 {"id":"e1","amount":100}
//	emitted
//	table
//	----
//	postings u1 {"net":100}
//	t1 {"settled":100}
//
// Every command returns when the processor has handled everything, loop records and due timers included. The commands:
//
//	consume TOPIC key=K [partition=N] [ts=TIME] [header.NAME=V] VALUE
//	        one record and, if TOPIC carries event time, the watermark that the group before would send along. VALUE is given to the topic's Parse; <nil> is a record without value, raw:"…" is a Go string of raw
//	        bytes. Without partition=, the key decides; without ts=, the record's timestamp is the wall clock.
//	        A key with spaces is written key="…".
//	watermark TOPIC TIME [source=N] [sources=N] [idle=DURATION]
//	        one watermark record to every partition of TOPIC: of a source that is idle for so long, or else not idle.
//	advance TIME
//	        watermark records to every input that carries event time.
//	wall DURATION
//	        moves the injected wall clock on: inputs that strangers write become idle. In a group with stream.WallClock that is
//	        one jump, after which its timers fire.
//	watermark
//	        prints the event time of each partition.
//	sweep   calls the sweep callback for every row.
//	table [PREFIX]
//	        prints the rows, read back from the changelog, as KEY VALUE in key order.
//	sums    prints the sums that the group keeps beside its rows, over all partitions, as NAME SUM by name.
//	emitted [TOPIC...]
//	        prints what was emitted since it was last printed, as TOPIC KEY VALUE; by default of all outputs but dead letters.
//	dead-letters
//	        prints the dead letters since last printed, as ID reason=… detail=… key=… value=….
//	        On several partitions the lines of emitted and dead-letters are sorted, else they are in order.
//	restart stops the processor gracefully, forgets all memory and starts it again from Kafka.
//
// TIME is RFC 3339.
package streamtest
