package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
)

// deadLetterHeaders is the name of the schema of the headers of dead letters, whose values are bytes of anybody's.
const deadLetterHeaders = "dead-letters-headers"

const (
	dialect = "https://json-schema.org/draft/2020-12/schema"
	idBase  = "https://millrace.dev/schemas/"
)

// letterHeaders are the headers of a dead-letter record, as package stream writes them. Kafka has bytes: all are UTF-8,
// but for the key.
type letterHeaders struct {
	_         struct{} `json:"-" additionalProperties:"true"`
	Key       string   `json:"mr-key" doc:"The source record's raw key, at most 4 KiB of it"`
	Reason    string   `json:"mr-reason" doc:"Why it could not be used"`
	Detail    string   `json:"mr-detail" doc:"For people"`
	Group     string   `json:"mr-group" doc:"Which group could not use it"`
	Topic     string   `json:"mr-topic" doc:"Where the source record is: past intake, the record of payments that it stems from"`
	Partition string   `json:"mr-partition" pattern:"^[0-9]+$"`
	Offset    string   `json:"mr-offset" pattern:"^[0-9]+$"`
	Timestamp string   `json:"mr-timestamp" format:"date-time" doc:"Of the source record"`
	Truncated string   `json:"mr-truncated,omitempty" pattern:"^[0-9]+$" doc:"The full size of the value in bytes, where it was cut"`
	ReplayOf  string   `json:"mr-dead-letter,omitempty" doc:"The dead letter as whose replay the source record was sent"`
}

// Schemas returns the JSON Schema (2020-12) of the values of every JSON topic of t, and of the headers of dead letters,
// by the topic's name without the deployment's prefix. Fields may be added to what Millrace writes, so values may have
// more than a schema names.
func Schemas(t *topology.Topology) (map[string][]byte, error) {
	out := map[string][]byte{}
	forms := t.Forms()
	forms[t.Config.Prefix+deadLetterHeaders] = []doc.Form{reflect.TypeFor[letterHeaders]()}
	for topic, list := range forms {
		name := strings.TrimPrefix(topic, t.Config.Prefix)
		body, err := standalone(name, list)
		if err != nil {
			return nil, fmt.Errorf("contract: the schema of %s: %w", name, err)
		}
		out[name] = body
	}
	return out, nil
}

// standalone returns a schema with all of its parts.
func standalone(name string, forms []doc.Form) ([]byte, error) {
	registry := huma.NewMapRegistry("#/$defs/", schemaName)
	value := oneOf(registry, forms)
	describe(registry.Map())
	return indented(struct {
		Schema string                  `json:"$schema"`
		ID     string                  `json:"$id"`
		Title  string                  `json:"title"`
		Ref    string                  `json:"$ref,omitempty"`
		OneOf  []*huma.Schema          `json:"oneOf,omitempty"`
		Parts  map[string]*huma.Schema `json:"$defs"`
	}{dialect, idBase + name + ".json", name, value.Ref, value.OneOf, registry.Map()})
}

// describe finishes the schemas of values that Millrace writes, which may get more fields.
func describe(schemas map[string]*huma.Schema) {
	Finish(schemas)
	for _, s := range schemas {
		if closed, ok := s.AdditionalProperties.(bool); ok && !closed {
			s.AdditionalProperties = nil
		}
	}
}

// schemaName names a schema by its form.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	return strings.TrimSuffix(strings.TrimSuffix(name, "JSON"), "Doc")
}

func indented(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// object is a JSON object of a document that is written out.
type object = map[string]any

// AsyncAPI returns the AsyncAPI 3.0 document of the topics of t that others write or read.
func AsyncAPI(t *topology.Topology, version string) ([]byte, error) {
	registry := huma.NewMapRegistry("#/components/schemas/", schemaName)
	messages, channels, operations := object{}, object{}, object{}
	forms := t.Forms()
	forms[t.DeadLetterRecords.Name] = nil
	for _, spec := range t.Topics() {
		list, shown := forms[spec.Name]
		if !shown {
			continue
		}
		name := strings.TrimPrefix(spec.Name, t.Config.Prefix)
		own := object{}
		for messageName, m := range messagesOf(registry, name, spec, list) {
			messages[messageName] = m
			own[messageName] = object{"$ref": "#/components/messages/" + messageName}
		}
		channels[name] = channel(spec, own)
		action := "send"
		if spec.Name == t.Payments.Name {
			action = "receive"
		}
		operations[action+"-"+name] = object{
			"action": action, "channel": object{"$ref": "#/channels/" + name}, "summary": summaries()[name],
		}
	}
	describe(registry.Map())
	schemas := object{}
	for name, s := range registry.Map() {
		schemas[name] = s
	}
	return indented(object{
		"asyncapi": "3.0.0",
		"info": object{
			"title": "Millrace", "version": version,
			"license": object{"name": "Apache 2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
			"description": "The topics by which Millrace takes payment events and tells others what came of them. Read them with isolation.level=read_committed. " +
				"Money is in minor units with its currency, times are RFC 3339 in UTC. " + Partitioning,
		},
		"defaultContentType": "application/json",
		"servers": object{"dev": object{
			"host": "127.0.0.1:19092", "protocol": "kafka",
			"description": "The broker of `millrace dev`; elsewhere the setting `brokers`",
		}},
		"channels": channels, "operations": operations, "components": object{"messages": messages, "schemas": schemas},
	})
}

// Partitioning says where a key lies, as stream.Partition places it.
const Partitioning = "The partition of a key is the FNV-1a hash (32 bits) of its bytes, taken as a signed number, modulo the number of partitions, without its sign. " +
	"That is not Kafka's default, which is murmur2: a client that looks for one key computes it, or reads all partitions."

// summaries says what each topic is for, by its name without the prefix.
func summaries() map[string]string {
	return map[string]string{
		"payments":           "Payment events, for Millrace to take",
		"ledger-journal":     "What each event did to its transaction",
		"outcomes":           "Missions that users complete, and completions that reversals take back",
		"notifications":      "What becomes of users' rewards",
		"catalog-events":     "What the catalog decided on each change that operators asked for",
		"audit":              "Acts of operators on what they define, each once: who, when, why, and what is different since",
		"audit-users":        "What support did for users, each act once; a user's lines are erased with the user, by tombstones",
		"health-windows":     "Closed windows of a mode/instrument/gateway, each once, and silence",
		"health-corrections": "Windows again that late events changed",
		"health-status":      "Changes of state of a mode, instrument or gateway",
		"downtimes":          "Downtimes of instruments and gateways as they begin, change and end",
		"dead-letters":       "Records that could not be used: their bytes, with the reason in the headers",
	}
}

// messagesOf returns the messages of a topic, one for each form of its values.
func messagesOf(registry huma.Registry, name string, spec topology.Spec, forms []doc.Form) object {
	bindings := object{"kafka": object{"key": object{"type": "string", "description": keyOf(spec)},
		"bindingVersion": "0.5.0"}}
	if forms == nil {
		return object{"DeadLetter": object{
			"summary": summaries()[name], "contentType": "application/octet-stream", "bindings": bindings,
			"headers": registry.Schema(reflect.TypeFor[letterHeaders](), true, ""),
			"payload": object{"type": "string", "format": "binary",
				"description": "The source record's value as it was"},
		}}
	}
	out := object{}
	for _, f := range forms {
		form := schemaName(f, "")
		out[form] = object{
			"title": form, "contentType": "application/json", "bindings": bindings,
			"payload": registry.Schema(f, true, ""),
		}
	}
	return out
}

// keyOf says what a record's key is.
func keyOf(spec topology.Spec) string {
	if spec.Foreign {
		return "Any, or none; by the transaction_id the events of one payment stay in order, and `replay`, `generate` and POST /v1/events use it"
	}
	if strings.Contains(spec.Key, "/instrument") {
		return spec.Key + ". Within a part, % is written %25 and / is written %2F"
	}
	return spec.Key
}

func channel(spec topology.Spec, messages object) object {
	settings := object{"cleanup.policy": strings.Split(spec.Cleanup, ","), "max.message.bytes": spec.MaxMessageBytes}
	if spec.Retention > 0 {
		settings["retention.ms"] = spec.Retention.Milliseconds()
	}
	if spec.RetentionBytes > 0 {
		settings["retention.bytes"] = spec.RetentionBytes
	}
	return object{
		"address": spec.Name, "title": spec.Name, "messages": messages,
		"description": "Key: " + keyOf(spec) + ". " + timestamps(spec),
		"bindings": object{"kafka": object{
			"topic": spec.Name, "partitions": spec.Partitions, "replicas": spec.Replication,
			"topicConfiguration": settings, "bindingVersion": "0.5.0",
		}},
	}
}

// timestamps says what the timestamp of a record is.
func timestamps(spec topology.Spec) string {
	switch {
	case spec.Foreign:
		return fmt.Sprintf("Values of more than %d bytes are refused.", stream.SourceLimit)
	case spec.Timestamps == "CreateTime":
		return "The timestamp of a record is its window's end."
	default:
		return "The timestamp of a record is when it was appended."
	}
}
