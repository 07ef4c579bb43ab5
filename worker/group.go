package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// groupOf returns the share group by which all workers of a deployment share the runs of a kind.
func groupOf(prefix, kind string) string { return prefix + "worker-" + kind }

// setting is one of a share group's.
type setting struct{ name, value string }

// groupSettings are needed: a broker's own defaults would hand out runs of aborted transactions, and nothing that was
// there before the first worker came.
func groupSettings() []setting {
	return []setting{{"share.isolation.level", "read_committed"}, {"share.auto.offset.reset", "earliest"}}
}

// groupPause lies between two looks at whether a broker has applied a group's settings, and groupPatience is how long
// that may take.
const (
	groupPause    = 50 * time.Millisecond
	groupPatience = 30 * time.Second
)

// prepare gives a group its settings and waits until the brokers have them. A worker that may not alter them goes on
// where they are right already.
func prepare(ctx context.Context, client *kgo.Client, group string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, groupPatience,
		fmt.Errorf("the settings of share group %s were not applied within %s", group, groupPatience))
	defer cancel()
	altered := alter(ctx, client, group)
	for {
		missing, err := lacking(ctx, client, group)
		switch {
		case err != nil:
			return fmt.Errorf("share group %s: %w", group, errors.Join(altered, err))
		case len(missing) == 0:
			return nil
		case altered != nil:
			return fmt.Errorf("share group %s: it needs %s=%s: set it with kafka-configs, or allow this user to alter it: %w",
				group, missing[0].name, missing[0].value, altered)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(groupPause):
		}
	}
}

func alter(ctx context.Context, client *kgo.Client, group string) error {
	res := kmsg.NewIncrementalAlterConfigsRequestResource()
	res.ResourceType, res.ResourceName = kmsg.ConfigResourceTypeGroupConfig, group
	for _, s := range groupSettings() {
		c := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
		c.Name, c.Value = s.name, kmsg.StringPtr(s.value)
		res.Configs = append(res.Configs, c)
	}
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	req.Resources = append(req.Resources, res)
	resp, err := req.RequestWith(ctx, client)
	if err != nil {
		return err
	}
	for _, r := range resp.Resources {
		if err := kerr.ErrorForCode(r.ErrorCode); err != nil {
			return detailed(err, r.ErrorMessage)
		}
	}
	return nil
}

// lacking returns the settings that the group does not have.
func lacking(ctx context.Context, client *kgo.Client, group string) ([]setting, error) {
	res := kmsg.NewDescribeConfigsRequestResource()
	res.ResourceType, res.ResourceName = kmsg.ConfigResourceTypeGroupConfig, group
	req := kmsg.NewPtrDescribeConfigsRequest()
	req.Resources = append(req.Resources, res)
	resp, err := req.RequestWith(ctx, client)
	if err != nil {
		return nil, err
	}
	have := map[string]string{}
	for _, r := range resp.Resources {
		if err := kerr.ErrorForCode(r.ErrorCode); err != nil {
			return nil, detailed(err, r.ErrorMessage)
		}
		for _, c := range r.Configs {
			if c.Value != nil {
				have[c.Name] = *c.Value
			}
		}
	}
	var missing []setting
	for _, s := range groupSettings() {
		if have[s.name] != s.value {
			missing = append(missing, s)
		}
	}
	return missing, nil
}

func detailed(err error, message *string) error {
	if message == nil || *message == "" {
		return err
	}
	return fmt.Errorf("%w (%s)", err, *message)
}
