package cluster

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestApplyCreatesWhatIsMissing(t *testing.T) {
	k := newKafka(t)
	specs := deployment("eu.").Topics()

	planned, err := Plan(t.Context(), k.adm, specs)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[Action]int{create: len(specs)}, actions(planned)); diff != "" {
		t.Errorf("plan on an empty cluster: %s", diff)
	}
	if names := k.names(); len(names) != 0 {
		t.Fatalf("a plan created %v", names)
	}

	applied, err := Apply(t.Context(), k.adm, specs)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[Action]int{create: len(specs)}, actions(applied)); diff != "" {
		t.Errorf("apply: %s", diff)
	}
	var want []string
	for _, s := range specs {
		if !strings.HasPrefix(s.Name, "eu.") {
			t.Errorf("%s lacks the prefix", s.Name)
		}
		want = append(want, s.Name)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, k.names()); diff != "" {
		t.Errorf("topics: %s", diff)
	}
	for _, s := range specs {
		if diff := cmp.Diff(s.Configs(), k.settings(s.Name, s.Configs())); diff != "" {
			t.Errorf("settings of %s: %s", s.Name, diff)
		}
	}

	for name, act := range map[string]Act{"plan": Plan, "apply": Apply} {
		again, err := act(t.Context(), k.adm, specs)
		if err != nil {
			t.Fatal(name, err)
		}
		if diff := cmp.Diff(map[Action]int{keep: len(specs)}, actions(again)); diff != "" {
			t.Errorf("%s once more: %s", name, diff)
		}
		if err := errors.Join(Refused(again), Missing(again)); err != nil {
			t.Errorf("%s once more: %v", name, err)
		}
	}
	// Another deployment on the same cluster has topics of its own.
	others, err := Plan(t.Context(), k.adm, deployment("us.").Topics())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[Action]int{create: len(specs)}, actions(others)); diff != "" {
		t.Errorf("other prefix: %s", diff)
	}
}

// settings returns the values in the cluster of those settings that of names.
func (k *kafka) settings(topic string, of map[string]string) map[string]string {
	k.t.Helper()
	described, err := k.adm.DescribeTopicConfigs(k.t.Context(), topic)
	if err != nil {
		k.t.Fatal(err)
	}
	rc, err := described.On(topic, nil)
	if err != nil {
		k.t.Fatal(err)
	}
	got := map[string]string{}
	for _, kv := range rc.Configs {
		if _, ok := of[kv.Key]; ok {
			got[kv.Key] = kv.MaybeValue()
		}
	}
	return got
}

func TestTopicsWithOtherSettingsAreRefused(t *testing.T) {
	tests := map[string]struct {
		topic      string
		partitions int32
		settings   map[string]string
		reason     []string // none: it is left alone
	}{
		"partitions":            {"postings", 5, nil, []string{"has 5 partitions, needs 2", "--prefix", "--partitions"}},
		"a table not compacted": {"ledger-table", 2, map[string]string{"cleanup.policy": "delete"}, []string{"cleanup.policy is delete, needs compact"}},
		"two settings": {
			"transactions", 2, map[string]string{"retention.ms": "1000", "message.timestamp.type": "CreateTime", "max.message.bytes": "1114112"},
			[]string{"message.timestamp.type is CreateTime, needs LogAppendTime", "; ", "retention.ms is 1000, needs 7776000000"},
		},
		"payments' settings are its owner's":  {"payments", 2, map[string]string{"retention.ms": "1000", "cleanup.policy": "compact"}, nil},
		"payments' partitions are everyone's": {"payments", 1, nil, []string{"has 1 partitions, needs 2"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			k := newKafka(t)
			specs := deployment("").Topics()
			k.create(tt.topic, tt.partitions, tt.settings)
			planned, err := Plan(t.Context(), k.adm, specs)
			if err != nil {
				t.Fatal(err)
			}
			got := find(t, planned, tt.topic)
			if len(tt.reason) == 0 {
				if got.Action != keep || got.Reason != "" {
					t.Errorf("%s: %s %q", tt.topic, got.Action, got.Reason)
				}
				if _, err := Apply(t.Context(), k.adm, specs); err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff(tt.settings, k.settings(tt.topic, tt.settings)); diff != "" {
					t.Errorf("settings were changed: %s", diff)
				}
				return
			}
			if got.Action != refuse {
				t.Errorf("%s: %s", tt.topic, got.Action)
			}
			if diff := cmp.Diff(map[Action]int{refuse: 1, create: len(specs) - 1}, actions(planned)); diff != "" {
				t.Error(diff)
			}
			applied, err := Apply(t.Context(), k.adm, specs)
			if !errors.Is(err, errRefused) {
				t.Fatalf("apply: %v", err)
			}
			for _, want := range tt.reason {
				if !strings.Contains(got.Reason, want) {
					t.Errorf("reason %q lacks %q", got.Reason, want)
				}
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q lacks %q", err, want)
				}
			}
			if diff := cmp.Diff(planned, applied); diff != "" {
				t.Errorf("apply judges otherwise than plan: %s", diff)
			}
			if diff := cmp.Diff([]string{tt.topic}, k.names()); diff != "" {
				t.Errorf("a refused apply created topics: %s", diff)
			}
		})
	}
}

func TestRefusedAndMissingNameEveryTopic(t *testing.T) {
	changes := []Change{{Topic: "a", Action: keep}, {Topic: "b", Action: create}, {Topic: "c", Action: create}}
	changes = append(changes, Change{Topic: "d"}, Change{Topic: "e"})
	changes[3].refuse("has %d partitions", 1)
	changes[4].refuse("x is %s", "1")
	changes[4].refuse("y is %s", "2")
	if got, want := Missing(changes).Error(), "topic b does not exist\ntopic c does not exist\ncreate the topics with `millrace topics apply`"; got != want {
		t.Errorf("missing:\n%s", got)
	}
	err := Refused(changes)
	if got, want := err.Error(), errRefused.Error()+"\ntopic d has 1 partitions\ntopic e x is 1; y is 2"; got != want {
		t.Errorf("refused:\n%s", got)
	}
	if !errors.Is(err, errRefused) {
		t.Error("not ErrRefused")
	}
	if err := errors.Join(Missing(changes[:1]), Refused(changes[:1])); err != nil {
		t.Errorf("nothing is wrong with a: %v", err)
	}
}
