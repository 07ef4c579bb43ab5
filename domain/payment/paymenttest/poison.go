// Package paymenttest has what tests of several packages need to know about payment events.
package paymenttest

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/millrace/millrace/domain/payment"
)

//go:embed poison.jsonl
var poison []byte

// Poison is one record of the payments topic that cannot be used, whatever its timestamp (before the year 2099).
type Poison struct {
	Class  string // one of sixteen
	Name   string // unique within its class
	Reason payment.Reason
	Field  string // that the detail must name, empty if none
	Value  []byte
}

// Poisons returns every known kind of poison, classes together, in the order of poison.jsonl. A class has at least one.
func Poisons() ([]Poison, error) {
	var list []Poison
	for n, line := range bytes.Split(bytes.TrimSpace(poison), []byte{'\n'}) {
		var p struct {
			Class, Name, Reason, Field, Text, Base64 string
			PadToBytes                               int `json:"pad_to_bytes"`
		}
		if err := json.Unmarshal(line, &p); err != nil {
			return nil, fmt.Errorf("poison.jsonl:%d: %w", n+1, err)
		}
		value := []byte(p.Text)
		if p.Base64 != "" {
			raw, err := base64.StdEncoding.DecodeString(p.Base64)
			if err != nil {
				return nil, fmt.Errorf("poison.jsonl:%d: %w", n+1, err)
			}
			value = raw
		}
		if missing := p.PadToBytes - len(value); missing > 0 {
			value = append(value, bytes.Repeat([]byte{' '}, missing)...)
		}
		list = append(list, Poison{p.Class, p.Name, payment.Reason(p.Reason), p.Field, value})
	}
	return list, nil
}
