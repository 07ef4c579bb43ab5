package payment

import (
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/views/serve"
	"github.com/millrace/millrace/views/signature"
)

// Routes take payment events from those who have no Kafka.
type Routes struct {
	*serve.Kit
	Payments Payments
	// Signatures checks signed calls.
	Signatures *signature.Verifier
	// Rules are those of the intake group.
	Rules payment.Config
}
