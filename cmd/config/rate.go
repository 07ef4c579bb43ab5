package config

import (
	"github.com/millrace/millrace/views/rate"
	"github.com/millrace/millrace/views/serve"
)

// Rate says how often one subject may ask, by what it asks for; beyond that the answer is 429 with Retry-After. Each
// server process counts for itself.
type Rate struct {
	// User is for reads and writes of users. Defaults to 50 a second, 100 at once.
	User Limit `yaml:"user"`
	// Panel is for the panel. Defaults to 100 a second, 500 at once.
	Panel Limit `yaml:"panel"`
	// Health is for reads of payment health and routing. Defaults to 1000 a second, 2000 at once.
	Health Limit `yaml:"health"`
	// Relay is for POST /v1/events, by source or subject; a request holds up to 1,000 events. Defaults to 500 a second,
	// 1000 at once.
	Relay Limit `yaml:"relay"`
	// Service is for subjects with the role service, whatever they ask for but the relay. Defaults to 5000 a second,
	// 10000 at once.
	Service Limit `yaml:"service"`
	// Anonymous is for requests without a valid token, by address. Defaults to 20 a second, 100 at once.
	Anonymous Limit `yaml:"anonymous"`
}

// Limit is one limit.
type Limit struct {
	// PerSecond is how many requests a second are allowed in the long run; 0 for any number.
	PerSecond int64 `yaml:"per_second"`
	// Burst is how many may come at once.
	Burst int64 `yaml:"burst"`
}

func defaultRate() Rate {
	return Rate{
		User: Limit{50, 100}, Panel: Limit{100, 500}, Health: Limit{1000, 2000}, Relay: Limit{500, 1000},
		Service: Limit{5000, 10000}, Anonymous: Limit{20, 100},
	}
}

// Limits returns the limits of the server.
func (c Config) Limits() serve.Limits {
	of := func(l Limit) rate.Limit { return rate.Limit{PerSecond: int(l.PerSecond), Burst: int(l.Burst)} }
	r := c.Rate
	return serve.Limits{
		User: of(r.User), Panel: of(r.Panel), Health: of(r.Health), Relay: of(r.Relay), Service: of(r.Service),
		Anonymous: of(r.Anonymous),
	}
}
