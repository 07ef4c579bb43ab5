package main

import "testing"

// What a command line lacks, or where nobody answers, is told with what to do about it.
func TestErrorsSayWhatToDo(t *testing.T) {
	elsewhere(t)
	for _, c := range []struct {
		args []string
		says []string
	}{
		{[]string{"dev", "refund"}, []string{"Usage: millrace dev refund TRANSACTION", "millrace dev refund --help"}},
		{[]string{"erase-user"}, []string{"Usage: millrace erase-user USER"}},
		{[]string{"mission", "explain", "m", "--user", "u"}, []string{`"transaction" not set`, "Usage: millrace mission explain MISSION"}},
		{[]string{"mission", "simulate", "--files", "x"}, []string{"unknown flag", "Usage: millrace mission simulate"}},
		{append([]string{"dev", "refund", "t"}, nobody()...), []string{"start `millrace dev`"}},
		{append([]string{"mission", "explain", "m", "--user", "u", "--transaction", "t"}, nobody()...), []string{"start `millrace dev`"}},
		{[]string{"erase-user", "u", "--yes", "--brokers", "127.0.0.1:1"}, []string{"connection refused", "--brokers"}},
		{[]string{"verify", "--brokers", "127.0.0.1:1"}, []string{"connection refused", "--brokers"}},
	} {
		lacks(t, millrace(t, 2, c.args...).errs, c.says...)
	}
}
