package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// ErrBroker says that the brokers cannot do what exactly-once needs.
var ErrBroker = errors.New("engine: brokers not as they must be")

// transactionVersion is the least transaction.version: each transaction has a producer epoch of its own (KIP-890).
// Below it, a record of an aborted transaction that was held up on its way enters the next one (KAFKA-17754).
const transactionVersion = 2

// checkBroker refuses brokers whose transactions lose writes.
func (e *Engine) checkBroker(ctx context.Context) error {
	client, err := e.link.acquire()
	if err != nil {
		return err
	}
	defer e.link.release()
	q := kmsg.NewPtrApiVersionsRequest()
	q.ClientSoftwareName, q.ClientSoftwareVersion = "millrace", "1"
	answer, err := q.RequestWith(ctx, client)
	if err != nil {
		return fmt.Errorf("%w: features of the brokers: %w", errRenew, err)
	}
	for _, f := range answer.FinalizedFeatures {
		if f.Name == "transaction.version" && f.MaxVersionLevel >= transactionVersion {
			return nil
		}
	}
	return fmt.Errorf("%w: transaction.version must be %d (kafka-features.sh upgrade --feature transaction.version=%d); Apache Kafka >= 4.0 has it",
		ErrBroker, transactionVersion, transactionVersion)
}
