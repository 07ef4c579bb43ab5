package model

import (
	"slices"
	"strings"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

// A place is where a payment was tried: an attempt id, or a mode, an instrument and a gateway.

// placesOf returns the places of e, and for each the instruments whose health its attempt there counts for.
func placesOf(e *payment.Event) map[string][]string {
	places := map[string][]string{}
	for _, instrument := range e.HealthInstruments {
		place := "id\x00" + e.AttemptID
		if e.AttemptID == "" {
			place = strings.Join([]string{"at", e.Mode, instrument, e.Gateway}, "\x00")
		}
		if !slices.Contains(places[place], instrument) {
			places[place] = append(places[place], instrument)
		}
	}
	return places
}

// places returns those at which the payment was tried if e is taken.
func (t *transaction) places(e *payment.Event) map[string]bool {
	all := map[string]bool{}
	for _, known := range append(slices.Clone(t.payments), e) {
		for place := range placesOf(known) {
			all[place] = true
		}
	}
	return all
}

// tried notes an event that was taken: the first terminal status at a place is the attempt there.
func (t *transaction) tried(e *payment.Event) {
	t.payments = append(t.payments, e)
	outcome := map[payment.Status]string{payment.Success: "success", payment.Failed: "technical"}[e.Status]
	if e.Status == payment.Failed && e.Decline == payment.Business {
		outcome = "business"
	}
	for place, instruments := range placesOf(e) {
		if outcome != "" {
			t.attempt(place, instruments, e, outcome, e.UpdatedAt)
		}
	}
}

// timeOut gives the attempts that hang their end: at each place the first event decides, if it was pending.
func (t *transaction) timeOut(now instant.Milli) {
	begun := map[string]bool{}
	for i, e := range t.payments {
		for place, instruments := range placesOf(e) {
			if begun[place] || t.attempted[place] {
				continue
			}
			begun[place] = true
			if due := e.UpdatedAt + pendingTimeout; due <= now && !t.endedElsewhere(i) {
				t.attempt(place, instruments, e, "timeout", due)
			}
		}
	}
}

// endedElsewhere tells whether a terminal status ended what pending event i began: one that happened later, or at the
// same time and that the log has later. None is of a place of i without an attempt.
func (t *transaction) endedElsewhere(i int) bool {
	began := t.payments[i].UpdatedAt
	for j, e := range t.payments {
		if e.Status != payment.Pending && (e.UpdatedAt > began || e.UpdatedAt == began && j > i) {
			return true
		}
	}
	return false
}

func (t *transaction) attempt(place string, instruments []string, e *payment.Event, outcome string, at instant.Milli) {
	if t.attempted[place] {
		return
	}
	t.attempted[place] = true
	for _, name := range instruments {
		w := Window{e.Mode, name, e.Gateway, at - at%windowSize}
		t.fold.result.Attempts[attemptKey(e.TransactionID, e.AttemptID, w.Mode, name, w.Gateway)] = Attempt{outcome, at,
			w.Mode, w.Gateway}
		t.fold.result.Windows[w] = t.fold.result.Windows[w].plus(outcome)
	}
}
