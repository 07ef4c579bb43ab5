package cluster

import (
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine"
)

// metadataAge is how long a client may believe that a topic is not there: it may just have been created.
const metadataAge = 50 * time.Millisecond

// Admin is an administrator's client.
type Admin struct {
	*kadm.Client
	client  *kgo.Client
	explain func(error) error
}

// NewAdmin returns an administrator's client that uses client; Close closes both.
func NewAdmin(client *kgo.Client) *Admin {
	return &Admin{kadm.NewClient(client), client, engine.ClientConfig{}.Explain}
}

// Connect returns an administrator's client; it connects at the first request. Close it when done.
func Connect(c engine.ClientConfig) (*Admin, error) {
	opts, err := c.Options()
	if err != nil {
		return nil, err
	}
	client, err := kgo.NewClient(append(opts, kgo.MetadataMinAge(metadataAge))...)
	if err != nil {
		return nil, err
	}
	a := NewAdmin(client)
	a.explain = c.Explain
	return a, nil
}
