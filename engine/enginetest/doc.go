// Package enginetest runs processors on the engine and kills them: between any two requests of a commit, or at a
// callback. What a script leaves behind must be the same with and without, on the embedded broker and on a real Kafka
// (MILLRACE_KAFKA=host:port).
//
// A crash here cuts every connection of the engine and abandons it, so that nothing it does afterwards reaches the
// broker. Real processes and real kills are in kill_test.go.
package enginetest
