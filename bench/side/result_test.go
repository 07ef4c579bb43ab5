package main

import (
	"errors"
	"flag"
	"strings"
	"testing"
)

func TestRatioIsOfPairs(t *testing.T) {
	r := result{stage: "ledger", codec: "json", runs: map[string][]float64{
		stock:  {20, 40, 30}, // a slow moment meets both sides of a pair
		disk:   {5, 10, 6},
		memory: {4, 8, 5},
	}}
	if q := r.ratio(); q != (spread{4, 4, 5}) {
		t.Errorf("ratio is %v", q)
	}
	want := "stage=ledger codec=json stock=30.0 engine=6.0 us/event ratio=4.00 (4.00…5.00) memory=5.0"
	if got := r.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestFlags(t *testing.T) {
	if _, err := parse([]string{"-stages", "ledger,budget", "-codecs", "xml", "-pairs", "0"}); err == nil ||
		!strings.Contains(err.Error(), "budget") || !strings.Contains(err.Error(), "xml") || !strings.Contains(err.Error(), "a pair") {
		t.Errorf("got %v, not every problem", err)
	}
	if _, err := parse([]string{"-h"}); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("got %v", err)
	}
}
