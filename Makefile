# `make check` needs only Go. `make help` lists the rest.

GO       ?= go
# golangci-lint is pinned in a module of its own, so that its 200 dependencies stay out of Millrace's.
LINT     := $(GO) tool -modfile=tools/go.mod golangci-lint
BENCH    ?= .
# Packages that share memory between goroutines; the rest are decisions and would only wait for the detector.
RACE     := ./stream/... ./engine/embedded/... ./engine/store/... ./views/... ./processors/... ./cmd/feed/... ./cmd/server/... ./worker/...
BENCHED   = $(addprefix ./,$(sort $(dir $(shell grep -rl --include='*_test.go' --exclude-dir=bench '^func Benchmark' . | sed 's|^\./||'))))
# bench is a module of its own, so that what only benchmarks need stays out of Millrace's.
IN_BENCH := $(GO) -C bench

.DEFAULT_GOAL := help
.PHONY: help check fmt fmt-check vet build test bench-once lint race api-test screenshot kafka-test smoke smoke-selftest deploy-check watch-test bench dev release up

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

check: fmt-check vet build test bench-once ## everything that needs only Go; CI's first step

dev: ## run the whole pipeline on this machine (ARGS='--port 8081' passes flags)
	$(GO) run ./cmd/millrace dev $(ARGS)

fmt: ## format the tree
	gofmt -w .
	$(LINT) fmt

fmt-check:
	@out=$$(gofmt -l .); if [ -n "$$out" ]; then echo "not formatted (make fmt):"; echo "$$out"; exit 1; fi

vet:
	$(GO) vet ./...
	$(IN_BENCH) vet ./...

build:
	$(GO) build ./...
	$(IN_BENCH) build ./...

# Tests of the pipeline wait for timeouts and rate limits more than they compute, so one more runs than a small machine
# has cores. In check, vet has run before.
TEST := test -vet=off -p 3 -parallel 4

test: ## all tests, on the embedded broker
	$(GO) $(TEST) -timeout 15m ./...
	cd examples/turnover && $(GO) vet . && $(GO) $(TEST) -timeout 2m .
	cd examples/errands && $(GO) vet . && $(GO) $(TEST) -timeout 4m .

# One iteration of each benchmark, so that they never rot; in bench with its tests, which are few.
bench-once:
	$(if $(BENCHED),$(GO) test -vet=off -run '^$$' -bench . -benchtime 1x $(BENCHED))
	$(IN_BENCH) test -vet=off -timeout 5m -bench . -benchtime 1x ./...

bench: ## benchmarks, and engine beside stock goka (BENCH=regexp; SIDE='-check' passes flags, docs/performance.md)
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem $(BENCHED)
	$(IN_BENCH) test -run '^$$' -bench '$(BENCH)' -benchmem ./...
	$(IN_BENCH) run ./side $(SIDE)

# Not part of check: on an empty cache and 2 cores it took 73 s (nearly all of it compiling the linter, from 180 modules) on
# top of check's 153 s, and who only wants to see the tests pass should not wait for it. CI runs it as its second step.
lint: ## golangci-lint, see .golangci.yml
	$(LINT) run ./...
	cd bench && $(GO) tool -modfile=../tools/go.mod golangci-lint run -c ../.golangci.yml ./...

race: ## tests of the concurrent packages under the race detector (needs a C compiler)
	$(GO) test -race -timeout 15m $(RACE)

api-test: ## the API from outside: linters, generated clients, a browser on /docs, random requests (needs node, python3, chromium)
	scripts/api-test

screenshot: ## take the README's pictures of the live page anew (needs node, chromium)
	scripts/screenshot

# Kafka's own tools are run against the embedded broker. The engine's tests of what a broker of their own answers, and is made to answer, need no real one.
kafka-test: ## the end-to-end tests, erasure and the engine's suite against a real Apache Kafka (needs java 17 and mvn)
	scripts/with-kafka $(GO) test -count=1 -timeout 15m -p 1 -skip 'Fault|Fenced|Moves' ./test/e2e/... ./cmd/erase/... ./worker ./engine/enginetest/...
	MILLRACE_KAFKA_TOOLS=$(CURDIR)/scripts/kafka $(GO) test -count=1 -timeout 4m -run TestKafkaTools ./engine/embedded

# Both parts kill and freeze workers, scale them and restart the broker; a real Kafka is also killed, kfake would not survive it. In the first,
# users' rows remember 2 minutes of event time, so that they forget all the time.
SMOKE       = $(GO) run ./test/smoke -faults all -failpoints -freeze 12s
SMOKE_KFAKE = $(if $(LONG),-long,-events 10000 -rate 250 -kills 16 -zombies 2) -horizon 2m
SMOKE_KAFKA = $(if $(LONG),-long,-events 5000 -rate 150 -kills 8 -zombies 1)

smoke: ## crash runs of real processes on kfake and on Apache Kafka, judged by an oracle (3 min; LONG=1: 500,000 events each; ARGS='-seed 2' passes flags)
	$(SMOKE) -broker disk $(SMOKE_KFAKE) $(ARGS)
	$(SMOKE) -broker kafka $(SMOKE_KAFKA) $(ARGS)

# Each bug is built in by the compiler's overlay; no binary but the test's has it.
smoke-selftest: ## the crash run on binaries with seeded bugs, each of which it must catch (8 min)
	$(GO) run ./test/smoke -selftest -faults kill -kills 4 -events 4000 -rate 400 -freeze 11s -horizon 1m $(ARGS)

# Both the binary and the image say what they were made of. The image is built without a repository at hand.
VERSION  ?= $(shell git describe --tags --always --dirty)
COMMIT   ?= $(shell git rev-parse HEAD)

release: ## the binary as it is released: bin/millrace, static, without symbols, with its version
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)" -o bin/millrace ./cmd/millrace

up: ## compose.yaml with images built from this tree (ARGS='--profile demo': live traffic too, '--profile worker': a worker; ARGS=-d: in the background)
	MILLRACE_VERSION=$(VERSION) MILLRACE_COMMIT=$(COMMIT) docker compose $(filter --profile demo worker,$(ARGS)) up --build $(filter-out --profile demo worker,$(ARGS))

deploy-check: ## Prometheus's own check of its config and rules (needs promtool)
	scripts/deploy-check

watch-test: ## compose.yaml's processes and a real Prometheus: each alert fires by a real fault, each panel shows something (4 min; needs prometheus)
	scripts/need-prometheus
	$(GO) run ./test/watch $(ARGS)
