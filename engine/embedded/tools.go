package embedded

import (
	"strings"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// versions leaves out DescribeTopicPartitions. kfake answers it with null lists, which Kafka's own tools (kafka-topics
// --describe, kafka-consumer-groups, kafka-get-offsets) end on with a NullPointerException. Without it they use
// Metadata. Nor does it ask clients for their metrics (KIP-714): nobody reads them, and they were a tenth of the work
// of an idle pipeline. A cluster with a list of versions skips kfake's check of the first sequence number on an empty
// partition (KAFKA-15591).
func versions() kfake.Opt {
	v := kversion.Stable()
	for _, k := range []kmsg.Key{kmsg.DescribeTopicPartitions, kmsg.GetTelemetrySubscriptions, kmsg.PushTelemetry} {
		v.SetMaxKeyVersion(k.Int16(), -1)
	}
	return kfake.MaxVersions(v)
}

// listGroupsAnyCase lets the filters of ListGroups be written as clients write them: brokers compare them without case
// (KIP-848), kfake compares with "classic" and "Stable", so that kafka-consumer-groups --list finds nothing.
func listGroupsAnyCase(c *kfake.Cluster) {
	c.ControlKey(int16(kmsg.ListGroups), func(r kmsg.Request) (kmsg.Response, error, bool) {
		if q, ok := r.(*kmsg.ListGroupsRequest); ok {
			for i, s := range q.TypesFilter {
				q.TypesFilter[i] = strings.ToLower(s)
			}
			for i, s := range q.StatesFilter {
				q.StatesFilter[i] = groupState(s)
			}
		}
		return nil, nil, false
	})
}

// groupState spells a state of a group as kfake does, in camel case.
func groupState(s string) string {
	for _, known := range []string{"Empty", "Stable", "PreparingRebalance", "CompletingRebalance", "Dead", "Assigning",
		"Reconciling"} {
		if strings.EqualFold(known, s) {
			return known
		}
	}
	return s
}
