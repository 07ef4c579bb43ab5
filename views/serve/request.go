package serve

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/codecs/doc"
	paymentcodec "github.com/millrace/millrace/codecs/payment"

	faults "github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/views/problem"
	"github.com/millrace/millrace/views/signature"
)

// onceHeaders are those that say one thing: whoever sends two of them, or has a proxy that adds one, would be answered
// by chance.
func onceHeaders() []string {
	return []string{
		"Authorization", "Content-Type", matchHeader, noneMatchHeader, "Last-Event-Id", idempotencyHeader,
		"Millrace-Reason", RequestIDHeader, signature.Header, signature.SourceHeader,
		signature.IDHeader, signature.TimestampHeader, signature.WebhookHeader,
	}
}

// Plain refuses requests that can be read in two ways before anything is made of them.
func Plain(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := ambiguous(r); p != nil {
			writeProblem(w, r, p)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func ambiguous(r *http.Request) *problem.Problem {
	if p := headBounds(r); p != nil {
		return p
	}
	for _, name := range onceHeaders() {
		if len(r.Header[http.CanonicalHeaderKey(name)]) > 1 {
			return problem.Unreadable("/header/"+name, "repeated", "must be sent once")
		}
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return problem.New(http.StatusUnsupportedMediaType, problem.UnsupportedMedia,
			"bodies are taken as they are, without Content-Encoding").
			With("Accept-Encoding", "identity")
	}
	if p := checkKey(r.Header); p != nil {
		return p
	}
	if !utf8.ValidString(r.URL.Path) { // no id and no name has such bytes
		return problem.Of(http.StatusNotFound)
	}
	// The router would answer with a redirect to another path, which clients follow with another method, or not.
	escaped := r.URL.EscapedPath()
	if clean := path.Clean("/" + escaped); escaped != clean && (clean == "/" || escaped != clean+"/") {
		return problem.Of(http.StatusNotFound)
	}
	return nil
}

// headBounds refuses a head that no honest client sends.
func headBounds(r *http.Request) *problem.Problem {
	fields, size := 0, len(r.RequestURI)
	for name, values := range r.Header {
		for _, value := range values {
			fields, size = fields+1, size+len(name)+len(value)
		}
	}
	if fields > maxHeaders || size > maxHeaderBytes {
		return problem.Of(http.StatusRequestHeaderFieldsTooLarge).With("Connection", "close")
	}
	return nil
}

// Known refuses what an operation does not look at, which would mean nothing, in silence: preconditions, bodies and
// query parameters.
func (s *Kit) Known(ctx huma.Context, next func(huma.Context)) {
	for _, check := range []func(huma.Context) *problem.Problem{checkDeclared, checkPreconditions, checkBodiless,
		checkQuery} {
		if p := check(ctx); p != nil {
			s.Refuse(ctx, p)
			return
		}
	}
	next(ctx)
}

// checkDeclared refuses a body by the length that it says it has, before anybody waits for it. What may still come
// belongs to no request.
func checkDeclared(ctx huma.Context) *problem.Problem {
	if r := Request(ctx.Context()); r.ContentLength > ctx.Operation().MaxBodyBytes {
		return problem.Of(http.StatusRequestEntityTooLarge).With("Connection", "close")
	}
	return nil
}

// checkBodiless refuses a body where an operation has none. Nothing and {} are fine: clients send {} by habit.
func checkBodiless(ctx huma.Context) *problem.Problem {
	op := ctx.Operation()
	if op.RequestBody != nil || ctx.BodyReader() == nil {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(ctx.BodyReader(), op.MaxBodyBytes+1))
	var slow net.Error
	switch {
	case errors.As(err, &slow) && slow.Timeout():
		return problem.Of(http.StatusRequestTimeout)
	case int64(len(body)) > op.MaxBodyBytes:
		return problem.Of(http.StatusRequestEntityTooLarge)
	case err != nil:
		return problem.Of(http.StatusBadRequest)
	case len(bytes.TrimSpace(body)) == 0:
		return nil
	}
	var found faults.List
	switch err := doc.NoRequest(body); {
	case err == nil:
		return nil
	case errors.As(err, &found) && found.Has(faults.UnknownField):
		return Refused(found)
	}
	return problem.Unreadable("", "malformed", "there is no body here: send none, or {}")
}

// IsMedia tells whether a body says that it is of a type, in UTF-8.
func IsMedia(contentType, want string) bool {
	kind, parameters, err := mime.ParseMediaType(contentType)
	charset, named := parameters["charset"]
	return err == nil && kind == want && (!named || strings.EqualFold(charset, "utf-8"))
}

// CheckJSON refuses a body that is not one object of JSON, read in one way only: no field twice, no text that is not
// UTF-8, not too deep.
func CheckJSON(contentType string, body []byte) error {
	if !IsMedia(contentType, "application/json") {
		return problem.Of(http.StatusUnsupportedMediaType)
	}
	// A list or a text is well-formed, too: what reads the body says that it needs an object.
	object := bytes.HasPrefix(bytes.TrimSpace(body), []byte("{"))
	if paymentcodec.CheckObject(body) != nil && (object || !json.Valid(body)) {
		return problem.Unreadable("", "malformed", "not well-formed JSON")
	}
	return nil
}

// CheckOptional is CheckJSON for a body that may be left out.
func CheckOptional(contentType string, body []byte) error {
	if len(body) == 0 {
		return nil
	}
	return CheckJSON(contentType, body)
}
