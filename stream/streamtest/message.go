package streamtest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// message parses the arguments of consume.
func (h *Harness) message(rest string) (Message, error) {
	m := Message{Partition: -1, Headers: map[string]string{}}
	m.Topic, rest, _ = strings.Cut(rest, " ")
	topic, ok := h.topics[m.Topic]
	if !ok {
		return m, fmt.Errorf("the graph has no topic %s", m.Topic)
	}
	for {
		rest = strings.TrimLeft(rest, " \t")
		name, value, left, ok, err := option(rest)
		if err != nil {
			return m, err
		}
		if !ok {
			break
		}
		rest = left
		if err := m.set(name, value); err != nil {
			return m, err
		}
	}
	var err error
	m.Value, err = parseValue(topic, rest)
	return m, err
}

// option cuts name=value or name="quoted value" off, if rest begins with a known option.
func option(rest string) (name, value, left string, ok bool, err error) {
	name, after, found := strings.Cut(rest, "=")
	if !found || name != "key" && name != "partition" && name != "ts" && !strings.HasPrefix(name, "header.") {
		return "", "", rest, false, nil
	}
	if strings.ContainsAny(name, " \t{\"") {
		return "", "", rest, false, nil
	}
	if strings.HasPrefix(after, `"`) {
		quoted, err := strconv.QuotedPrefix(after)
		if err != nil {
			return "", "", rest, false, err
		}
		value, err = strconv.Unquote(quoted)
		return name, value, after[len(quoted):], true, err
	}
	value, left, _ = strings.Cut(after, " ")
	return name, value, left, true, nil
}

func (m *Message) set(name, value string) error {
	switch name {
	case "key":
		m.Key = value
	case "partition":
		n, err := strconv.ParseInt(value, 10, 32)
		if err != nil {
			return err
		}
		m.Partition = int32(n)
	case "ts":
		at, err := time.Parse(time.RFC3339Nano, value)
		if err != nil {
			return err
		}
		m.Timestamp = at
	default:
		m.Headers[strings.TrimPrefix(name, "header.")] = value
	}
	return nil
}

func parseValue(topic Topic, text string) ([]byte, error) {
	text = strings.TrimSpace(text)
	if text == "<nil>" {
		return nil, nil
	}
	if quoted, ok := strings.CutPrefix(text, "raw:"); ok {
		raw, err := strconv.Unquote(quoted)
		return []byte(raw), err
	}
	if topic.Parse == nil {
		return nil, fmt.Errorf("topic %s has no Parse", topic.Name)
	}
	return topic.Parse(text)
}
