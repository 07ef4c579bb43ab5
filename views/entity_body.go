package views

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// registerWrite adds an operation. Its body, if it has one, is read by the catalog's own reader, and described here.
func registerWrite[In any](c collection, op huma.Operation, handler func(context.Context, *In) (*writtenOutput, error)) {
	huma.Register(c.server.api, op, handler)
	if op.Method == http.MethodDelete {
		c.body = nil
	}
	c.server.written(op, c.body, c.answer)
}
