package payment

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/views/serve"

	paymentcodec "github.com/millrace/millrace/codecs/payment"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/views/problem"
	"github.com/millrace/millrace/views/signature"
	"github.com/millrace/millrace/views/token"
)

// Payments takes events for the payments topic.
type Payments interface {
	// Send returns once all in-sync replicas have every event, those of one key in order. After an error some may have
	// been kept.
	Send(ctx context.Context, events []PaymentEvent) error
}

// PaymentEvent is one record of the payments topic.
type PaymentEvent struct {
	// Key is the transaction id, or the name of the source where there is none that can be read.
	Key string
	// Value is the event as it came; of one that is larger than an event may be, the beginning.
	Value []byte
	// Clock tells that it goes to every partition, without a key.
	Clock bool
}

// The limits of one call.
const (
	maxRelayed     = 1000
	relayBodyBytes = serve.MaxAnyBytes
)

// TagRelay is the tag of the relay in the document.
const TagRelay = "Relay"

// Relayed is the answer to events that were handed in.
type Relayed struct {
	Accepted int             `json:"accepted"`
	Rejected int             `json:"rejected"`
	Results  []RelayedResult `json:"results" nullable:"false" doc:"In the order of the request"`
}

// RelayedResult is what became of one event.
type RelayedResult struct {
	Index   int     `json:"index"`
	ID      *string `json:"id" doc:"Of the event; null where it has none that can be read"`
	Verdict string  `json:"verdict" enum:"accepted,rejected" doc:"accepted: it will not be lost. What the ledger makes of it stands in the journal of its transaction"`
	Reason  string  `json:"reason,omitempty" doc:"Why it was rejected: a dead-letter reason"`
	Detail  string  `json:"detail,omitempty" doc:"The field to blame, or what is wrong where no single field is"`
	Message string  `json:"message,omitempty" doc:"What is wrong, for people"`
}

type relayInput struct {
	Signature   string `header:"Millrace-Signature" doc:"t=UNIX-SECONDS,v1=HEX: the HMAC-SHA256 of t.body, by a source that has a secret; it takes the place of the token"`
	Source      string `header:"Millrace-Source" doc:"The name of the source that signed. Default: the one whose secret fits"`
	ContentType string `header:"Content-Type" hidden:"true"`
	RawBody     []byte `contentType:"application/json"`
}

type relayOutput struct {
	Status int
	Body   Relayed
}

func relayAccess() serve.Access {
	return serve.Access{Roles: []token.Role{token.Service}, Class: serve.RelayClass}
}

// Register adds the routes.
func (s *Routes) Register() {
	op := s.Operation("relay-events", http.MethodPost, "/v1/events", TagRelay,
		"Hand in payment events: one, or a list of up to 1,000")
	op.Description = "For role service, or signed with the secret of a source. The answer comes once all in-sync replicas have what was accepted; it is 202 though " +
		"some were rejected, and 422 if all were. Rejected events of a source that signs are dead letters. Events of one transaction keep their order. A call that failed may be sent again as it is: an event that is there already is dropped by its id."
	op.Middlewares = huma.Middlewares{s.guardRelay, s.Known}
	op.Security = []map[string][]string{{serve.BearerScheme: {}}, {SignatureScheme: {}}, {WebhookScheme: {}}}
	op.MaxBodyBytes, op.SkipValidateBody, op.DefaultStatus = relayBodyBytes, true, http.StatusAccepted
	s.Answers(op, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden,
		http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
		http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusServiceUnavailable)
	huma.Register(s.API, op, s.relayEvents)
	s.Registered(op).RequestBody.Content["application/json"] = s.relayBody()
}

const (
	// SignatureScheme names the ways in which calls are signed.
	SignatureScheme = "signature"
	// WebhookScheme names the signatures of Standard Webhooks.
	WebhookScheme = "webhook"
)

// guardRelay lets signed calls in, as far as can be told before the body is read, and services.
func (s *Routes) guardRelay(ctx huma.Context, next func(huma.Context)) {
	r := serve.Request(ctx.Context())
	source := r.Header.Get(signature.SourceHeader)
	if signature.Signed(r.Header) {
		claim, err := s.Signatures.Open(r.Header)
		if err != nil {
			s.Refuse(ctx, s.unsigned(r, err))
			return
		}
		next(huma.WithValue(ctx, serve.ClaimKey, claim))
		return
	}
	who, p := s.Admit(r, relayAccess())
	if p == nil && (s.Signatures.Signs(who.Subject) || s.Signatures.Signs(source)) {
		p = s.unsigned(r, errors.New("a source that signs sent no signature"))
	}
	if p != nil {
		s.Refuse(ctx, p)
		return
	}
	next(huma.WithValue(ctx, serve.IdentityKey, who))
}

// unsigned is the answer to a call whose signature is not good.
func (s *Routes) unsigned(r *http.Request, why error) *problem.Problem {
	s.Config.Log.Debug("signature refused", "error", why)
	if limited := s.Limiters.Take(serve.AnonymousClass, serve.Address(r)); limited != nil {
		return limited
	}
	return problem.New(http.StatusUnauthorized, problem.Unauthenticated,
		"a valid signature is needed: of this body, made within 5 minutes, used once").
		With("WWW-Authenticate", `Signature realm="millrace"`)
}

func (s *Routes) relayEvents(ctx context.Context, in *relayInput) (_ *relayOutput, err error) {
	if claim, ok := ctx.Value(serve.ClaimKey).(*signature.Claim); ok {
		source, end, err := claim.Check(in.RawBody)
		switch {
		case errors.Is(err, signature.ErrBusy):
			return nil, serve.Unavailable("too many calls are remembered")
		case err != nil:
			return nil, s.unsigned(serve.Request(ctx), err)
		}
		taken := false
		defer func() { end(taken) }()
		if p := s.Limiters.Take(serve.RelayClass, "source:"+source); p != nil {
			return nil, p
		}
		out, err := s.handIn(ctx, in, source)
		var p *problem.Problem
		// what it holds is dead letters by now
		taken = err == nil || errors.As(err, &p) && p.Status == http.StatusUnprocessableEntity
		return out, err
	}
	return s.handIn(ctx, in, "")
}

// handIn judges the events of a call and sends those that can be used. Those of a source that signs, empty for none,
// are sent all the same: intake rejects them by the same rules, and files them with their bytes and their place. An
// unsigned caller could fill the dead letters.
func (s *Routes) handIn(ctx context.Context, in *relayInput, source string) (*relayOutput, error) {
	if !serve.IsMedia(in.ContentType, "application/json") {
		return nil, problem.Of(http.StatusUnsupportedMediaType)
	}
	raw, err := paymentcodec.SplitEvents(in.RawBody)
	switch {
	case err != nil:
		return nil, problem.Unreadable("", "malformed", err.Error())
	case len(raw) > maxRelayed:
		return nil, problem.Invalid("/events", "out_of_range", "at most 1000 events in one call")
	}
	body, events := s.judgeEvents(raw, source)
	if len(events) > 0 {
		ctx, cancel := context.WithTimeout(ctx, s.Config.Wait)
		defer cancel()
		if err := s.Payments.Send(ctx, events); err != nil {
			s.Config.Log.WarnContext(ctx, "events cannot be sent", "request_id", serve.RequestID(ctx), "error", err)
			s.Metrics.Judged(source, serve.VerdictUnavailable, body.Accepted, body.Rejected)
			return nil, serve.Unavailable("the events cannot be recorded now: send them again")
		}
	}
	s.Metrics.Judged(source, serve.VerdictAccepted, body.Accepted, body.Rejected)
	if body.Accepted == 0 && body.Rejected > 0 {
		return nil, allRejected(body, isList(in.RawBody, raw))
	}
	return &relayOutput{http.StatusAccepted, body}, nil
}

// isList tells whether the events were in a list: else the body is the event.
func isList(body []byte, events [][]byte) bool {
	return len(events) != 1 || !bytes.Equal(bytes.TrimSpace(body), events[0])
}

// allRejected is the answer where no event can be used: whoever looks at the status alone must not think that they were
// delivered.
func allRejected(body Relayed, list bool) *problem.Problem {
	p := problem.New(http.StatusUnprocessableEntity, problem.InvalidField, "no event can be used")
	for _, r := range body.Results {
		f := problem.Field{Code: r.Reason, Detail: r.Message}
		if list {
			f.Pointer = "/events/" + strconv.Itoa(r.Index)
		}
		if r.Detail != r.Message {
			f.Pointer += "/" + strings.ReplaceAll(r.Detail, ".", "/")
		}
		p.Errors = append(p.Errors, f)
	}
	return p
}

// judgeEvents returns the verdicts, and what is to be sent.
func (s *Routes) judgeEvents(raw [][]byte, source string) (Relayed, []PaymentEvent) {
	body := Relayed{Results: make([]RelayedResult, len(raw))}
	events := make([]PaymentEvent, 0, len(raw))
	now := instant.Of(s.Config.Now())
	for i, value := range raw {
		result := RelayedResult{Index: i, Verdict: serve.VerdictAccepted}
		event, found := judgeEvent(value, now, s.Rules, &result)
		if found != nil {
			body.Rejected++
			result.Verdict, result.Reason, result.Detail, result.Message = serve.VerdictRejected, string(found.Reason),
				found.Field, found.Detail
			if result.Detail == "" {
				result.Detail = found.Detail
			}
			if source != "" {
				event.Key = cmp.Or(event.Key, source)
				event.Value = value[:min(len(value), stream.SourceLimit+1)] // enough to be too large
				events = append(events, event)
			}
		} else {
			body.Accepted++
			events = append(events, event)
		}
		body.Results[i] = result
	}
	return body, events
}

// judgeEvent says what intake will say of the event alone. Intake measures the future from the record's append time,
// which is this server's clock now but for the time that sending takes and the difference of two clocks: only within
// that of the bound may the two disagree.
func judgeEvent(value []byte, now instant.Milli, rules payment.Config,
	result *RelayedResult) (PaymentEvent, *payment.Refusal) {
	in, err := paymentcodec.Payments{}.Decode(value)
	var found *payment.Refusal
	switch {
	case errors.As(err, &found):
		return PaymentEvent{}, found
	case err != nil:
		return PaymentEvent{}, &payment.Refusal{Reason: payment.Malformed, Detail: "not an event"}
	}
	if id := idOf(in.ID); id != "" {
		result.ID = &id
	}
	n, found := payment.Normalise(in, payment.Origin{Timestamp: now}, rules)
	switch {
	case found != nil:
		return PaymentEvent{Key: idOf(in.TransactionID)}, found
	case n.Event == nil:
		return PaymentEvent{Value: value, Clock: true}, nil
	default:
		return PaymentEvent{Key: n.Event.TransactionID, Value: value}, nil
	}
}

// idOf returns an id as it came, empty if it is none.
func idOf(v payment.Value) string {
	if v.Kind != payment.String || len(v.Text) > payment.TextLimit {
		return ""
	}
	return v.Text
}
