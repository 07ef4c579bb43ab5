package contract_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/millrace/millrace/topology"
	"github.com/millrace/millrace/views/contract"
)

var rewrite = flag.Bool("rewrite", false, "rewrite docs/reference/schemas and docs/reference/asyncapi.json")

const reference = "../../docs/reference"

func defaultTopology() *topology.Topology { return topology.New(topology.DefaultConfig()) }

func schemas(t *testing.T) map[string][]byte {
	t.Helper()
	all, err := contract.Schemas(defaultTopology())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// compiled returns the schema of a topic. A strict one allows no fields but those that it names.
func compiled(t *testing.T, name string, strict bool) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemas(t)[name]))
	if err != nil {
		t.Fatal(err)
	}
	if strict {
		closeObjects(doc)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	id := "https://millrace.dev/schemas/" + name + ".json"
	if err := c.AddResource(id, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(id)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeObjects(node any) {
	switch node := node.(type) {
	case []any:
		for _, inner := range node {
			closeObjects(inner)
		}
	case map[string]any:
		if _, open := node["additionalProperties"]; !open && node["properties"] != nil && node["type"] == "object" {
			node["additionalProperties"] = false
		}
		for _, inner := range node {
			closeObjects(inner)
		}
	}
}

// TestReferenceIsCurrent keeps the documents in docs/reference: go test ./views/contract -run Reference -rewrite.
func TestReferenceIsCurrent(t *testing.T) {
	async, err := contract.AsyncAPI(defaultTopology(), "dev")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]byte{"asyncapi.json": async}
	for name, body := range schemas(t) {
		want[filepath.Join("schemas", name+".json")] = body
	}
	if *rewrite {
		if err := os.MkdirAll(filepath.Join(reference, "schemas"), 0o755); err != nil {
			t.Fatal(err)
		}
		for name, body := range want {
			if err := os.WriteFile(filepath.Join(reference, name), body, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, body := range want {
		if got, err := os.ReadFile(filepath.Join(reference, name)); err != nil || !bytes.Equal(got, body) {
			t.Errorf("%s is not what the codecs and the topology say now (-rewrite writes it): %v", name, err)
		}
	}
	found, err := filepath.Glob(filepath.Join(reference, "schemas", "*"))
	if err != nil || len(found) != len(want)-1 {
		t.Errorf("%d files of schemas, %d schemas: %v", len(found), len(want)-1, err)
	}
}

// Every topic that others use has a channel with the key, the partitions and the messages that it has in the cluster.
func TestChannelsAreTheTopics(t *testing.T) {
	top := topology.New(topology.Config{Prefix: "eu.", Partitions: 5, Replication: 2})
	body, err := contract.AsyncAPI(top, "1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Info     struct{ Version string }
		Channels map[string]struct {
			Address  string
			Messages map[string]struct {
				Ref string `json:"$ref"`
			}
			Bindings struct {
				Kafka struct{ Partitions, Replicas int }
			}
		}
		Operations map[string]struct{ Action, Summary string }
		Components struct {
			Messages map[string]struct {
				Bindings struct {
					Kafka struct{ Key struct{ Description string } }
				}
			}
		}
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatal(err)
	}
	shown := 0
	for _, spec := range top.Topics() {
		c, ok := doc.Channels[spec.Name[len("eu."):]]
		if ok != (spec.Format == topology.JSON || spec.Format == topology.Raw) {
			t.Errorf("%s is %s; a channel: %v", spec.Name, spec.Format, ok)
		}
		if !ok {
			continue
		}
		shown++
		if c.Address != spec.Name || c.Bindings.Kafka.Partitions != 5 || c.Bindings.Kafka.Replicas != 2 || len(c.Messages) == 0 {
			t.Errorf("%s: %+v", spec.Name, c)
		}
		for name := range c.Messages {
			if doc.Components.Messages[name].Bindings.Kafka.Key.Description == "" {
				t.Errorf("%s: message %s has no key", spec.Name, name)
			}
		}
	}
	if shown != len(doc.Channels) || len(doc.Operations) != shown || doc.Info.Version != "1.2.3" {
		t.Errorf("%d topics, channels %v, %d operations", shown, slices.Sorted(maps.Keys(doc.Channels)), len(doc.Operations))
	}
	for name, o := range doc.Operations {
		if o.Summary == "" || (o.Action == "receive") != (name == "receive-payments") {
			t.Errorf("%s: %+v", name, o)
		}
	}
}
