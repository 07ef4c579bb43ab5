package cluster

import (
	"context"
	"errors"
	"fmt"
	"sort"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/millrace/millrace/topology"
)

// Action is what Apply does about one topic.
type Action string

// The actions. A refused topic stands in the way of everything: Millrace never alters a topic in place, since a changed
// partition count moves keys and a changed cleanup policy loses rows.
const (
	keep   Action = "ok"
	create Action = "create"
	refuse Action = "refused"
)

// Change is the verdict on one topic.
type Change struct {
	Topic  string        `json:"topic"`
	Action Action        `json:"action"`
	Reason string        `json:"reason,omitempty"`
	Spec   topology.Spec `json:"-"`
}

// errRefused is returned where a topic exists with other partitions or settings than Millrace needs.
var errRefused = errors.New("a topic exists with other settings than Millrace needs")

// Plan compares the cluster with specs. It changes nothing.
func Plan(ctx context.Context, adm *Admin, specs []topology.Spec) ([]Change, error) {
	names := make([]string, len(specs))
	for i, s := range specs {
		names[i] = s.Name
	}
	found, err := adm.ListTopics(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", adm.explain(err))
	}
	changes := make([]Change, len(specs))
	var existing []string
	for i, s := range specs {
		d := found[s.Name]
		changes[i] = Change{Topic: s.Name, Action: keep, Spec: s}
		switch {
		case errors.Is(d.Err, kerr.UnknownTopicOrPartition):
			changes[i].Action = create
		case d.Err != nil:
			return nil, fmt.Errorf("topic %s: %w", s.Name, d.Err)
		case int32(len(d.Partitions)) != s.Partitions:
			changes[i].refuse("has %d partitions, needs %d: partitions are fixed for the life of a deployment; use another --prefix or --partitions", len(d.Partitions), s.Partitions)
		default:
			existing = append(existing, s.Name)
		}
	}
	if len(existing) == 0 {
		return changes, nil
	}
	settings, err := adm.DescribeTopicConfigs(ctx, existing...)
	if err != nil {
		return nil, fmt.Errorf("describe topic settings: %w", err)
	}
	for i := range changes {
		if changes[i].Action != keep {
			continue
		}
		rc, err := settings.On(changes[i].Topic, nil)
		if err == nil {
			err = rc.Err
		}
		if err != nil {
			return nil, fmt.Errorf("settings of topic %s: %w", changes[i].Topic, err)
		}
		changes[i].compare(rc)
	}
	return changes, nil
}

// Shape returns the partitions and the replication factor that every topic of specs has that is there; 0 if there is
// none, or they differ.
func Shape(ctx context.Context, adm *Admin, specs []topology.Spec) (partitions int32, replication int16, err error) {
	names := make([]string, len(specs))
	for i, s := range specs {
		names[i] = s.Name
	}
	found, err := adm.ListTopics(ctx, names...)
	if err != nil {
		return 0, 0, fmt.Errorf("list topics: %w", adm.explain(err))
	}
	for _, d := range found {
		if d.Err != nil {
			continue
		}
		p, r := int32(len(d.Partitions)), int16(d.Partitions.NumReplicas())
		if partitions != 0 && (partitions != p || replication != r) {
			return 0, 0, nil
		}
		partitions, replication = p, r
	}
	return partitions, replication, nil
}

func (c *Change) refuse(format string, args ...any) {
	c.Action = refuse
	if c.Reason != "" {
		c.Reason += "; "
	}
	c.Reason += fmt.Sprintf(format, args...)
}

// compare leaves the settings of a foreign topic to its owner; its partitions are checked like any other's.
func (c *Change) compare(rc kadm.ResourceConfig) {
	if c.Spec.Foreign {
		return
	}
	have := map[string]string{}
	for _, kv := range rc.Configs {
		have[kv.Key] = kv.MaybeValue()
	}
	want := c.Spec.Configs()
	keys := make([]string, 0, len(want))
	for k := range want {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		if got, ok := have[k]; ok && got != want[k] {
			c.refuse("%s is %s, needs %s", k, got, want[k])
		}
	}
}

// Apply creates what is missing. If any topic is refused it creates nothing and returns errRefused with every reason.
func Apply(ctx context.Context, adm *Admin, specs []topology.Spec) ([]Change, error) {
	changes, err := Plan(ctx, adm, specs)
	if err != nil {
		return nil, err
	}
	if err := Refused(changes); err != nil {
		return changes, err
	}
	for _, c := range changes {
		if c.Action != create {
			continue
		}
		configs := map[string]*string{}
		for k, v := range c.Spec.Configs() {
			configs[k] = &v
		}
		_, err := adm.CreateTopic(ctx, c.Spec.Partitions, c.Spec.Replication, configs, c.Topic)
		if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
			return changes, fmt.Errorf("create topic %s: %w", c.Topic, err)
		}
	}
	return changes, visible(ctx, adm, changes)
}

// visible returns when every broker's metadata that we ask has the topics: creation answers before that.
func visible(ctx context.Context, adm *Admin, changes []Change) error {
	return poll(ctx, metadataAge, func() (missing string, err error) {
		found, err := adm.ListTopics(ctx)
		if err != nil {
			return "", fmt.Errorf("list topics: %w", err)
		}
		for _, c := range changes {
			if d, ok := found[c.Topic]; !ok || d.Err != nil || int32(len(d.Partitions)) != c.Spec.Partitions {
				missing = fmt.Sprintf("topic %s was created, but does not show", c.Topic)
			}
		}
		return missing, nil
	})
}

// Refused returns errRefused joined with the reasons, if any topic is refused.
func Refused(changes []Change) error {
	var errs []error
	for _, c := range changes {
		if c.Action == refuse {
			errs = append(errs, fmt.Errorf("topic %s %s", c.Topic, c.Reason))
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return errors.Join(append([]error{errRefused}, errs...)...)
}

// Missing returns an error that names the topics that do not exist yet.
func Missing(changes []Change) error {
	var errs []error
	for _, c := range changes {
		if c.Action == create {
			errs = append(errs, fmt.Errorf("topic %s does not exist", c.Topic))
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return errors.Join(append(errs, errors.New("create the topics with `millrace topics apply`"))...)
}

// Act is Plan or Apply.
type Act func(context.Context, *Admin, []topology.Spec) ([]Change, error)
