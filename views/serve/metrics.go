package serve

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what the server counts of its own requests: every name is declared here but those of the token keys
// (measureKeys) and of missions (missionGauges). No label takes a value from a request. A route is a pattern that was
// registered, a method one of HTTP's, a source one of the configuration.
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
	relayed  *prometheus.CounterVec
	limited  *prometheus.CounterVec
	subjects *prometheus.Desc
	streams  *prometheus.Desc

	// byPattern is complete before the first request; unmatched has what no pattern matches.
	byPattern map[string]*routeMetrics
	unmatched *routeMetrics
}

// The values that stand for what is not known in advance.
const (
	unmatchedRoute = "none"
	otherMethod    = "other"
	bearerSource   = "bearer" // services that hand in events with a token: their subjects are not known
)

// The verdicts on events that were handed in.
const (
	VerdictAccepted    = "accepted"
	VerdictRejected    = "rejected"
	VerdictUnavailable = "unavailable" // accepted, but brokers did not take it
)

func relayVerdicts() []string {
	return []string{VerdictAccepted, VerdictRejected, VerdictUnavailable}
}

// knownMethods are those that net/http names.
func knownMethods() []string {
	return []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodConnect, http.MethodOptions, http.MethodTrace,
	}
}

// durationBuckets are in seconds: reads from memory take less than a millisecond, writes wait for a commit, and
// min_as_of for 5 s by default.
func durationBuckets() []float64 {
	return []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}
}

func newMetrics() *metrics {
	return &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "millrace_http_requests_total",
			Help: "Requests that were answered, by route, method and status; a stream counts when it ends.",
		}, []string{"route", "method", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "millrace_http_request_duration_seconds",
			Help:    "Time from the head of a request to the end of its answer, without streams and what no route matches.",
			Buckets: durationBuckets(),
		}, []string{"route", "method"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "millrace_http_requests_in_flight", Help: "Requests that are being answered now, without streams.",
		}),
		relayed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "millrace_relay_events_total",
			Help: "Payment events handed in over HTTP, by the source that signed (bearer: a token) and verdict.",
		}, []string{"source", "verdict"}),
		limited: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "millrace_http_rate_limited_total", Help: "Requests refused because their subject asks too often.",
		}, []string{"class"}),
		subjects: prometheus.NewDesc("millrace_http_rate_subjects",
			"Subjects whose requests are remembered for the rate limit.", []string{"class"}, nil),
		streams: prometheus.NewDesc("millrace_http_streams", "Streams of server-sent events that are open, by kind.",
			[]string{"kind"}, nil),
	}
}

// Measure shows the metrics of the kit, and those of rooms, where somebody takes them.
func (s *Kit) Measure(rooms ...prometheus.Collector) {
	if r, m := s.Config.Registerer, s.Metrics; r != nil {
		r.MustRegister(append([]prometheus.Collector{m.requests, m.duration, m.inFlight, m.relayed, m.limited,
			gauges{s}}, rooms...)...)
	}
}

// Sources shows every source and verdict from the start.
func (m *metrics) Sources(names []string) {
	for _, source := range append(names, bearerSource) {
		for _, verdict := range relayVerdicts() {
			m.relayed.WithLabelValues(source, verdict)
		}
	}
}

// Judged counts the events of a call. Those that can be used have the verdict good: it depends on whether brokers took
// them.
func (m *metrics) Judged(source, good string, accepted, rejected int) {
	if source == "" {
		source = bearerSource
	}
	m.relayed.WithLabelValues(source, good).Add(float64(accepted))
	m.relayed.WithLabelValues(source, VerdictRejected).Add(float64(rejected))
}

// Routes resolves the labels of every pattern, so that a request costs a look into a map. Rows are there from the start
// for what a rate of errors is made of: the statuses of success, 500, and 503 where the document has it. Other statuses
// come with their first answer, and there are not many.
func (m *metrics) Routes(patterns []string, api *huma.OpenAPI) {
	m.byPattern = make(map[string]*routeMetrics, len(patterns))
	for _, p := range patterns {
		method, route, _ := strings.Cut(p, " ")
		x := &routeMetrics{requests: m.requests.MustCurryWith(prometheus.Labels{"route": route}),
			duration: m.duration.WithLabelValues(route, method)}
		for _, status := range promised(api, method, route) {
			x.counter(method, status)
		}
		m.byPattern[p] = x
	}
	m.unmatched = &routeMetrics{requests: m.requests.MustCurryWith(prometheus.Labels{"route": unmatchedRoute})}
	for _, method := range append(knownMethods(), otherMethod) {
		m.unmatched.counter(method, http.StatusNotFound)
	}
}

// promised returns the statuses of an operation that have a row from the start.
func promised(api *huma.OpenAPI, method, route string) []int {
	statuses := []int{http.StatusInternalServerError}
	op := operationOf(api, method, route)
	if op == nil { // a page, a document, or hidden
		return append(statuses, http.StatusOK)
	}
	for text := range op.Responses {
		status, err := strconv.Atoi(text)
		if err == nil && (status < http.StatusMultipleChoices || status == http.StatusServiceUnavailable) {
			statuses = append(statuses, status)
		}
	}
	return statuses
}

func operationOf(api *huma.OpenAPI, method, route string) *huma.Operation {
	item := api.Paths[route]
	if item == nil {
		return nil
	}
	return map[string]*huma.Operation{http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put,
		http.MethodDelete: item.Delete}[method]
}

// routeMetrics counts the requests of one route.
type routeMetrics struct {
	requests *prometheus.CounterVec
	duration prometheus.Observer // nil: not measured

	adding   sync.Mutex
	counters atomic.Pointer[map[answered]prometheus.Counter]
}

// answered is how a request ended.
type answered struct {
	method string
	status int
}

// counter returns the counter of a method and a status. The methods and statuses of a route are few, so each is looked
// up by its labels once.
func (x *routeMetrics) counter(method string, status int) prometheus.Counter {
	if known := x.counters.Load(); known != nil {
		if c, ok := (*known)[answered{method, status}]; ok {
			return c
		}
	}
	if method != otherMethod && !slices.Contains(knownMethods(), method) {
		return x.counter(otherMethod, status)
	}
	x.adding.Lock()
	defer x.adding.Unlock()
	next := map[answered]prometheus.Counter{}
	if old := x.counters.Load(); old != nil {
		maps.Copy(next, *old)
	}
	c := x.requests.WithLabelValues(method, strconv.Itoa(status))
	next[answered{method, status}] = c
	x.counters.Store(&next)
	return c
}

// begin counts a request as in flight. The function that it returns counts how it ended.
func (m *metrics) begin(t *tracked) (end func(r *http.Request)) {
	began := time.Now()
	m.inFlight.Inc()
	t.onStream = m.inFlight.Dec
	return func(r *http.Request) {
		x, ok := m.byPattern[r.Pattern]
		if !ok {
			x = m.unmatched
		}
		x.counter(r.Method, t.ended()).Inc()
		if t.stream {
			return
		}
		m.inFlight.Dec()
		if x.duration != nil {
			x.duration.Observe(time.Since(began).Seconds())
		}
	}
}

// gauges are read from the server as Prometheus asks.
type gauges struct{ server *Kit }

// Describe implements prometheus.Collector.
func (g gauges) Describe(c chan<- *prometheus.Desc) {
	c <- g.server.Metrics.subjects
	c <- g.server.Metrics.streams
}

// Collect implements prometheus.Collector.
func (g gauges) Collect(c chan<- prometheus.Metric) {
	m := g.server.Metrics
	for name, l := range g.server.Limiters.by {
		c <- prometheus.MustNewConstMetric(m.subjects, prometheus.GaugeValue, float64(l.Subjects()), string(name))
	}
	for kind, x := range g.server.Seats {
		c <- prometheus.MustNewConstMetric(m.streams, prometheus.GaugeValue, float64(x.Open()), kind)
	}
}

// routes is a router that knows its patterns.
type routes struct {
	*http.ServeMux
	Patterns []string
}

// Handle registers a handler.
func (x *routes) Handle(pattern string, h http.Handler) {
	x.Patterns = append(x.Patterns, pattern)
	x.ServeMux.Handle(pattern, h)
}

// HandleFunc registers a handler.
func (x *routes) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	x.Handle(pattern, http.HandlerFunc(h))
}
