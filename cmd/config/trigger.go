package config

import (
	"time"

	"github.com/millrace/millrace/domain/task"
)

// Trigger says that every event of a kind makes a task.
type Trigger struct {
	// On is payment_settled, payment_reversed, mission_completed, mission_revoked, reward_granted or state_changed.
	On string `yaml:"on"`
	// Kind is the kind of the task, one of tasks.kinds.
	Kind string `yaml:"kind"`
	// Delay is how long after the event the task becomes due, up to 8760h. Defaults to 0s.
	Delay time.Duration `yaml:"delay"`
	// Priority orders the due tasks of a key, -4 to 4; higher ones run first. Defaults to 0.
	Priority int64 `yaml:"priority"`
	// Dedupe drops the task where the same user, transaction, mission, window, iteration, reward, place, state or event
	// made one within the dedupe of its kind. Defaults to none.
	Dedupe string `yaml:"dedupe"`
}

// Rules returns the rules by which events make tasks.
func (c Config) Rules() task.Rules {
	var rules task.Rules
	for _, t := range c.Triggers {
		rules = append(rules, task.Rule{On: task.Trigger(t.On), Kind: t.Kind, Delay: t.Delay, Priority: t.Priority,
			Dedupe: task.Scope(t.Dedupe)})
	}
	return rules
}
