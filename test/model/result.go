package model

import (
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/oracle"
)

// Result is what came, or must have come, of a log. Amounts are in minor units.
type Result struct {
	Transactions map[string]Transaction
	DeadLetters  map[string]string // id of the payments record -> reason; those of the ledger
	Postings     map[string][]Posting
	Attempts     map[AttemptKey]Attempt
	Progress     map[oracle.ProgressKey]oracle.Progress
	Windows      map[Window]Counts
	Duplicates   map[string]int // by transaction: events dropped because they had been taken before

	// Overdue are the transactions that were due to time out when they were first seen pending. They are no fault of
	// event time's, and not compared.
	Overdue map[string]bool

	Events int // of the log, duplicates included; not compared
}

// Transaction is the state of one transaction.
type Transaction struct {
	Status                 string // empty: only reversals are known
	Settled, Reversed, Net int64
	Waiting                int // reversal events
}

// Posting is one movement of a transaction's net amount.
type Posting struct {
	Kind          string // settled, reversed, returned
	EventID       string
	User          string
	Currency      string
	Before, After int64

	facts payment.Facts
}

// AttemptKey names the verdict on a transaction for one instrument at one place.
type AttemptKey struct {
	Transaction, Instrument string
	Place                   string // mode/gateway, or # and the producer's attempt id
}

func attemptKey(transaction, attempt, mode, instrument, gateway string) AttemptKey {
	if attempt != "" {
		return AttemptKey{transaction, instrument, "#" + attempt}
	}
	return AttemptKey{transaction, instrument, mode + "/" + gateway}
}

// Attempt is that verdict.
type Attempt struct {
	Outcome string
	At      instant.Milli
	Mode    string
	Gateway string
}

// Window names one tumbling window.
type Window struct {
	Mode, Instrument, Gateway string
	Start                     instant.Milli
}

// Counts is what a window has counted in its last revision.
type Counts struct{ Success, Technical, Business, Timeout int64 }

func (c Counts) plus(outcome string) Counts {
	switch outcome {
	case "success":
		c.Success++
	case "technical":
		c.Technical++
	case "business":
		c.Business++
	case "timeout":
		c.Timeout++
	}
	return c
}

func newResult() *Result {
	return &Result{
		Transactions: map[string]Transaction{}, DeadLetters: map[string]string{}, Postings: map[string][]Posting{},
		Attempts: map[AttemptKey]Attempt{}, Progress: map[oracle.ProgressKey]oracle.Progress{},
		Windows:    map[Window]Counts{},
		Duplicates: map[string]int{}, Overdue: map[string]bool{},
	}
}
