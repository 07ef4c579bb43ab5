package model

import (
	"fmt"
	"slices"
	"strings"
)

// shown bounds how many differences of one kind are spelled out.
const shown = 8

// Compare returns the differences between what must be and what is, in sentences; none if all is well.
func Compare(want, got *Result) []string {
	var out []string
	out = append(out, diff("transaction", want.Transactions, got.Transactions)...)
	out = append(out, diff("dead letter", want.DeadLetters, got.DeadLetters)...)
	out = append(out, diff("duplicates of", want.Duplicates, got.Duplicates)...)
	out = append(out, diff("postings of", printed(want.Postings), printed(got.Postings))...)
	out = append(out, diff("money", want.Sums(), got.Sums())...)
	out = append(out, diff("attempt", want.Attempts, got.Attempts)...)
	out = append(out, diff("progress", want.Progress, got.Progress)...)
	out = append(out, diff("window", want.Windows, got.Windows)...)
	return out
}

// Sums returns the sum of all postings by currency.
func (r *Result) Sums() map[string]int64 {
	out := map[string]int64{}
	for _, list := range r.Postings {
		for _, p := range list {
			out[p.Currency] += p.After - p.Before
		}
	}
	return out
}

func printed(postings map[string][]Posting) map[string]string {
	out := map[string]string{}
	for id, list := range postings {
		var b strings.Builder
		for _, p := range list {
			fmt.Fprintf(&b, "%s by %s (%s %s %d->%d); ", p.Kind, p.EventID, p.User, p.Currency, p.Before, p.After)
		}
		out[id] = b.String()
	}
	return out
}

func diff[K, V comparable](what string, want, got map[K]V) []string {
	var lines []string
	for k, w := range want {
		if g, ok := got[k]; !ok {
			lines = append(lines, fmt.Sprintf("%s %v: missing, want %+v", what, k, w))
		} else if g != w {
			lines = append(lines, fmt.Sprintf("%s %v: %+v, want %+v", what, k, g, w))
		}
	}
	for k, g := range got {
		if _, ok := want[k]; !ok {
			lines = append(lines, fmt.Sprintf("%s %v: %+v, want none", what, k, g))
		}
	}
	slices.Sort(lines)
	if n := len(lines); n > shown {
		lines = append(lines[:shown], fmt.Sprintf("%s: %d differences more; %d wanted, %d there", what, n-shown,
			len(want), len(got)))
	}
	return lines
}
