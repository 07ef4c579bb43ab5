package views

import (
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/views/signature"
)

// paymentRoutes take payment events from those who have no Kafka.
type paymentRoutes struct {
	*kit
	payments Payments
	// signatures checks signed calls.
	signatures *signature.Verifier
	// rules are those of the intake group.
	rules payment.Config
}
