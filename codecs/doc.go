// Package codecs turns the bytes of topics and tables into domain types and back. Its rooms have the names of those of
// domain; importers call the room of missions missioncodec, and so on. Two kits serve them: wire for internal records,
// doc for JSON and YAML. Here are the words that forms name.
//
// Internal records and rows are a version byte followed by fields in the protobuf wire format (see package wire):
// compact, and open to new fields. JSON topics, meant for outsiders, are written and read field by field as their
// schemas show them (docs/contract.md#topics). Decoders never panic on any input and never keep the bytes they are
// given.
package codecs
