package cluster

import (
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// metadataAge is how long a client may believe that a topic is not there: it may just have been created.
const metadataAge = 50 * time.Millisecond

// Connect returns an administrator's client; it connects at the first request. Close it when done.
func Connect(brokers []string, clientID string) (*kadm.Client, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ClientID(clientID), kgo.MetadataMinAge(metadataAge))
	if err != nil {
		return nil, err
	}
	return kadm.NewClient(client), nil
}
