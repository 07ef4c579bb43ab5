package payment

import (
	"fmt"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/views/contract"
	"github.com/millrace/millrace/views/serve"
)

// Components of the document that are written out here.
const (
	eventSchema  = "Event"
	eventsSchema = "Events"
	relaySchema  = "RelayBody"
)

// relayBody documents what may be handed in: one event, or a list of them.
func (s *Routes) relayBody() *huma.MediaType {
	registry := s.API.OpenAPI().Components.Schemas
	event := contract.Event(registry)
	event.Description = eventDescription()
	most := maxRelayed
	registry.Map()[eventSchema] = event
	registry.Map()[eventsSchema] = &huma.Schema{
		Type: huma.TypeObject, Description: "A list of events, in order. Those that can be used are taken, whatever the others are.", Required: []string{"events"},
		Properties: map[string]*huma.Schema{"events": {Type: huma.TypeArray, Items: component(eventSchema),
			MaxItems: &most}},
		AdditionalProperties: false,
	}
	registry.Map()[relaySchema] = &huma.Schema{Description: "One event, or a list of them",
		OneOf: []*huma.Schema{component(eventSchema), component(eventsSchema)}}
	return &huma.MediaType{
		Schema: component(relaySchema),
		Examples: map[string]*huma.Example{
			"payment": {Summary: "A payment", Value: examplePayment("evt_1")},
			"reversal": {Summary: "A refund of a part", Value: map[string]any{
				"type": "reversal", "id": "evt_2", "transaction_id": "txn_1", "user_id": "usr_1", "currency": "INR",
				"amount": 5000, "reversal_id": "rv_1",
				"updated_at": "2026-03-02T09:00:00Z",
			}},
			"clock": {Summary: "Event time goes on, without payments",
				Value: map[string]any{"type": "clock", "at": "2026-03-01T12:00:00Z"}},
			"list": {Summary: "Several", Value: map[string]any{"events": []any{examplePayment("evt_3"),
				examplePayment("evt_4")}}},
		},
	}
}

func examplePayment(id string) map[string]any {
	return map[string]any{
		"type": "payment", "id": id, "transaction_id": "txn" + strings.TrimPrefix(id, "evt"), "user_id": "usr_1",
		"amount": 45000, "currency": "INR", "status": "success",
		"mode": "upi", "instrument": "sbi", "gateway": "razorpay", "merchant": "swiggy", "category": "food",
		"latency_ms": 850,
		"attributes": map[string]any{"app": "gpay"}, "created_at": "2026-03-01T11:59:58Z",
		"updated_at": "2026-03-01T12:00:00Z",
	}
}

func component(name string) *huma.Schema {
	return &huma.Schema{Ref: serve.ComponentPrefix + name}
}

// eventDescription says what an event is judged by, with every reason for which one is refused.
func eventDescription() string {
	var b strings.Builder
	b.WriteString("A payment event, as on the topic payments. One payment has several: each says what has become of it, and they may come in any order, and twice. " +
		"Fields that are not named here are kept, and decide nothing. What cannot be used is rejected with a reason, here or, once it meets what came before, " +
		"in the journal of its transaction or among the dead letters. The reasons:\n")
	for _, r := range payment.Reasons() {
		fmt.Fprintf(&b, "\n- `%s`", r)
	}
	return b.String()
}
