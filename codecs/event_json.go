package codecs

import "github.com/millrace/millrace/domain/payment"

// EventJSON is a stub.
func EventJSON(*payment.Event) []byte { return nil }
