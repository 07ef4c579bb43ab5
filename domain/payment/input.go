package payment

// Input is one record of the payments topic as decoded from JSON, before normalisation.
type Input struct{}
