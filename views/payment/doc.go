// Package payment takes payment events over HTTP from those who have no Kafka, judged as intake judges them.
package payment
