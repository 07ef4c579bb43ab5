package serve

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/views/problem"
)

// idempotencyHeader names the key under which a repeat is the same command.
const idempotencyHeader = "Idempotency-Key"

// maxKey bounds an Idempotency-Key, in bytes.
const maxKey = 256

// NoKey is the fingerprint in the id of a command that had no Idempotency-Key.
const NoKey = "0"

// resource is what a request is about, however its path was spelled: the route, and its parameters as the route reads
// them.
type resource []string

// resourceOf returns the resource of a request. `me` is the subject, and modes and instruments are compared as
// everywhere.
func resourceOf(ctx huma.Context, subject string) resource {
	const me, place = "/v1/users/{id}", "mode instrument"
	op := ctx.Operation()
	out := resource{op.Method, op.Path}
	for part := range strings.SplitSeq(op.Path, "/") {
		name, ok := strings.CutPrefix(part, "{")
		if !ok {
			continue
		}
		name = strings.TrimSuffix(name, "}")
		value := ctx.Param(name)
		switch {
		case name == "id" && value == myself && strings.HasPrefix(op.Path, me):
			value = subject
		case slices.Contains(strings.Fields(place), name):
			value = Normal(value)
		}
		out = append(out, value)
	}
	return out
}

// Asked is what a command is asked for with.
type Asked struct {
	// Key is the Idempotency-Key, empty for none.
	Key string
	// Match is If-Match, where the route looks at it.
	Match string
	// Content is the body: JSON, or whatever stands for it.
	Content []byte
}

// CommandID returns hash(subject, resource, key), a dot, and a fingerprint of what is asked for; something new without
// a key.
func CommandID(ctx context.Context, a Asked) string {
	if a.Key == "" {
		return rand.Text() + "." + NoKey
	}
	about, _ := ctx.Value(resourceKey).(resource)
	content, err := doc.Canonical(a.Content)
	if err != nil { // no JSON: no body, or a digest
		content = a.Content
	}
	return digest(append([]string{Identity(ctx).Subject, a.Key}, about...)...) + "." + digest(a.Match, string(content))
}

// digest is a hash of parts that may hold anything, in letters, digits, '-' and '_', beginning with a letter.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = h.Write([]byte(strconv.Itoa(len(p)) + ":" + p)) // hash.Hash never fails
	}
	return "c" + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:15])
}

// checkKey refuses an Idempotency-Key that would not keep a repeat from being another command, or might not.
func checkKey(h http.Header) *problem.Problem {
	values, sent := h[idempotencyHeader]
	if !sent {
		return nil
	}
	key := values[0]
	plain := strings.IndexFunc(key, func(r rune) bool { return r < ' ' || r > '~' }) < 0
	if strings.TrimSpace(key) == "" || len(key) > maxKey || !plain {
		return problem.Unreadable("/header/"+idempotencyHeader, "malformed",
			"1 to 256 printable ASCII characters, or no such header")
	}
	return nil
}
