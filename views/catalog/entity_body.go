package catalog

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/views/serve"
)

// RegisterWrite adds an operation. Its body, if it has one, is read by the catalog's own reader, and described here.
func RegisterWrite[In any](c Collection, op huma.Operation,
	handler func(context.Context, *In) (*serve.WrittenOutput, error)) {
	huma.Register(c.Server.API, op, handler)
	if op.Method == http.MethodDelete {
		c.Body = nil
	}
	c.Server.Written(op, c.Body, c.Answer)
}
