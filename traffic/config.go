package traffic

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Config says what traffic to make. Start from DefaultConfig: a zero rate means "none of it", not the default.
type Config struct {
	// Seed of everything random. Defaults to 1.
	Seed uint64
	// Rate is how many lines a second of event time are sent on average over a day, duplicates and poison included.
	// Defaults to 200.
	Rate float64
	// From is the send time of the first line. Defaults to 2026-03-01T00:00:00Z.
	From time.Time
	// To ends the traffic: nothing is sent at or after it. Defaults to none.
	To time.Time
	// Count ends the traffic after so many lines. Defaults to 0, no limit.
	Count int64

	// Users and Merchants are how many there are; both are drawn by Zipf's law. Default to 50,000 and 2,000.
	Users, Merchants int
	// Flat switches the daily rhythm (Indian Standard Time) off. Defaults to false.
	Flat bool
	// Outages lower the success rate of instruments for a time. Default to none.
	Outages []Outage

	// Disorder bounds how much later than its event time an event is sent in ordinary traffic. Defaults to 2 s.
	Disorder time.Duration
	// RefundWithin bounds how long after its payment a reversal is made. Defaults to 30 min.
	RefundWithin time.Duration
	// LateBy bounds how late late payments are; at least 2 min and less than 24 h. Defaults to 6 h.
	LateBy time.Duration

	// The shares below are fractions of all payments, unless stated.

	// Pending payments report pending first and their end later. Defaults to 0.15.
	Pending float64
	// Hanging payments never report an end, so that they time out. Defaults to 0.001.
	Hanging float64
	// Overdue payments report their end only after the ledger's timeout of 300 s. With 0 no retry ends after it either.
	// Defaults to 0.0005.
	Overdue float64
	// Retries is the share of hanging and technically failed payments that are tried once more, by another gateway or
	// under an attempt id of their own. Defaults to 0.
	Retries float64
	// LateSuccess is the share of failed payments that are authorised after all. Defaults to 0.002.
	LateSuccess float64
	// Refunds is the share of successful payments that get a merchant's refund, full or in parts, beside the banks' own
	// debit reversals. Defaults to 0.02.
	Refunds float64
	// ReturnedRefunds is the share of refunds that fail afterwards, so that the amount comes back. Defaults to 0.05.
	ReturnedRefunds float64
	// EarlyRefunds is the share of refunds that are sent before the success of their payment. Defaults to 0.05.
	EarlyRefunds float64
	// Late payments are sent minutes to hours after their event time. Defaults to 0.002.
	Late float64
	// Duplicates and Altered are shares of events sent once more: the same, or with the same id and another amount.
	// Default to 0.003 and 0.00005.
	Duplicates, Altered float64
	// Anomalies are successful payments followed by an event that the ledger must refuse: a reversal of more than
	// remains, one in another currency, a success that names another user, a failure after the success. Default to
	// 0.00005.
	Anomalies float64
	// Poison is the share of lines that intake must refuse, see Poisons. Defaults to 0.0001.
	Poison float64
	// UnknownFields, EpochTimes and Untidy are shares of events with fields that we do not know, with times as epoch
	// milliseconds, and with names in need of trimming and lower-casing. Default to 0.02, 0.05 and 0.02.
	UnknownFields, EpochTimes, Untidy float64
	// ForeignCurrency is the share of credit card payments in USD. Defaults to 0.02.
	ForeignCurrency float64
}

// Outage lowers the success rate of payments made in [From, To).
type Outage struct {
	Mode        string // empty: every mode
	Instrument  string // empty: every instrument of the mode
	Gateway     string // empty: by whatever gateway
	From, To    time.Time
	SuccessRate float64 // 0 to 1; most other payments fail for technical reasons, some hang
}

// DefaultConfig returns the defaults that the fields of Config state.
func DefaultConfig() Config {
	return Config{
		Seed: 1, Rate: 200, From: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		Users: 50_000, Merchants: 2_000,
		Disorder: 2 * time.Second, RefundWithin: 30 * time.Minute, LateBy: 6 * time.Hour,
		Pending: 0.15, Hanging: 0.001, Overdue: 0.0005, LateSuccess: 0.002,
		Refunds: 0.02, ReturnedRefunds: 0.05, EarlyRefunds: 0.05, Late: 0.002,
		Duplicates: 0.003, Altered: 0.00005, Anomalies: 0.00005, Poison: 0.0001,
		UnknownFields: 0.02, EpochTimes: 0.05, Untidy: 0.02, ForeignCurrency: 0.02,
	}
}

// Bounds of LateBy: the shortest lateness is lateAtLeast, and corrections are taken for a day.
const (
	lateAtLeast = 2 * time.Minute
	lateAtMost  = 24 * time.Hour
)

// Validate returns every problem of c, joined.
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("traffic: "+format, args...)) }
	if !(c.Rate > 0) || c.Rate > 1e6 {
		bad("rate %v: must be above 0 and at most 1e6", c.Rate)
	}
	if c.From.IsZero() || c.From.UnixMilli() < int64(lateAtMost/time.Millisecond) {
		bad("from must be set, to 1970-01-02 or later")
	}
	if !c.To.IsZero() && !c.To.After(c.From) {
		bad("to must be after from")
	}
	if c.Count < 0 {
		bad("count %d: must not be negative", c.Count)
	}
	if c.Users < 1 || c.Users > math.MaxInt32 {
		bad("users %d: must be at least 1", c.Users)
	}
	if c.Merchants < 1 || c.Merchants > math.MaxInt32 {
		bad("merchants %d: must be at least 1", c.Merchants)
	}
	if c.Disorder < 0 || c.Disorder > time.Minute {
		bad("disorder %v: must be 0 to 1m", c.Disorder)
	}
	if c.RefundWithin < time.Second || c.RefundWithin > lateAtMost {
		bad("refund within %v: must be 1s to 24h", c.RefundWithin)
	}
	if c.LateBy < lateAtLeast || c.LateBy >= lateAtMost {
		bad("late by %v: must be at least 2m and less than 24h", c.LateBy)
	}
	for _, s := range c.shares() {
		if !(s.value >= 0 && s.value <= 1) {
			bad("%s %v: must be 0 to 1", s.name, s.value)
		}
	}
	for i, o := range c.Outages {
		if !o.To.After(o.From) {
			bad("outage %d: to must be after from", i)
		}
		if !(o.SuccessRate >= 0 && o.SuccessRate <= 1) {
			bad("outage %d: success rate %v: must be 0 to 1", i, o.SuccessRate)
		}
	}
	return errors.Join(errs...)
}

type share struct {
	name  string
	value float64
}

func (c Config) shares() []share {
	return []share{
		{"pending", c.Pending}, {"hanging", c.Hanging}, {"overdue", c.Overdue}, {"retries", c.Retries},
		{"late success", c.LateSuccess},
		{"refunds", c.Refunds}, {"returned refunds", c.ReturnedRefunds}, {"early refunds", c.EarlyRefunds},
		{"late", c.Late}, {"duplicates", c.Duplicates}, {"altered", c.Altered}, {"anomalies", c.Anomalies},
		{"poison", c.Poison}, {"unknown fields", c.UnknownFields}, {"epoch times", c.EpochTimes},
		{"untidy", c.Untidy}, {"foreign currency", c.ForeignCurrency},
	}
}

// eventsPerPayment estimates how many lines one payment makes, so that Rate comes out right.
func (c Config) eventsPerPayment() float64 {
	const (
		success     = 0.92   // over all banks, weighted by volume
		parts       = 1.3    // reversals of one refund
		bankRefunds = 0.0023 // debit reversals over volume, over all banks
	)
	perPayment := 1 + c.Pending + c.Overdue + (1-success)*(c.LateSuccess+1.5*c.Retries) +
		success*(c.Refunds*(parts+c.ReturnedRefunds)+2*bankRefunds+c.Anomalies)
	return perPayment * (1 + c.Duplicates + c.Altered) / (1 - min(c.Poison, 0.99))
}
