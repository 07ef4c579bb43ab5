// Package codectest helps to test codecs: round trips, bytes that must not change, and examples that several rooms use.
package codectest
