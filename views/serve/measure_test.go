package serve

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

// A request costs a look into two maps.
func TestMeasuringAllocatesLittle(t *testing.T) {
	m := newMetrics()
	m.Routes([]string{"GET /v1/health"}, &huma.OpenAPI{})
	r := httptest.NewRequest("GET", "/v1/health", nil)
	r.Pattern = "GET /v1/health"
	target := &tracked{status: http.StatusOK}
	const most = 2 // two closures
	if n := testing.AllocsPerRun(100, func() { m.begin(target)(r) }); n > most {
		t.Errorf("%v allocations", n)
	}
}
