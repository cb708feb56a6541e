# The targets of this repository. `make` without arguments lists them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

console := app/console
npm := npm --prefix $(console)
packages := $(console)/node_modules/.package-lock.json
page := $(console)/dist/index.html
page_sources := $(shell find $(console) -path $(console)/node_modules -prune -o -path $(console)/dist -prune -o \
	-path $(console)/test -prune -o -type f ! -name '*.go' -print)

# The tools' dependencies are kept apart from the program's, and the linter's from the generators'.
tool := go tool -modfile=tools/go.mod
golangci := go tool -modfile=tools/lint/go.mod golangci-lint
oasdiff := go tool -modfile=tools/oasdiff/go.mod oasdiff

# Everything that `make generate` writes and `make verify` compares.
generated := db/schema.sql db/manifest db/rules/versions.txt docs/policies.md docs/errors.md docs/cli.md docs/states.md \
	adapters/postgres/internal adapters/http/internal/api $(console)/src/api.gen.ts

# The packages that have benchmarks.
benchmarks = $(addprefix ./,$(sort $(patsubst %/,%,$(dir $(shell grep -rl --include='*_test.go' '^func Benchmark' \
	adapters app db modules ports)))))

# CI runs all tests under the race detector. Without CI `make test` skips it, which is faster; `make test/race` uses it.
race := $(if $(CI),-race)

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z\/]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@tools/check.sh || true

.PHONY: check
check:
	@tools/check.sh

.PHONY: build
build: check $(page) ## Build bin/streamspace, with the console in it
	go build -trimpath -o bin/streamspace ./app/streamspace

$(packages): $(console)/package.json $(console)/package-lock.json
	$(npm) ci --no-audit --no-fund
	@touch $@

$(page): $(packages) $(page_sources)
	$(npm) run build
	@touch $@

.PHONY: dev
dev: build ## Run everything on this machine, with demo organisations
	bin/streamspace dev

.PHONY: deps
deps: check ## Install what the tests need (as root), or print the command
	@go run ./app/needs/install

.PHONY: test
test: sample := -skip='^TestMutants$$'
test: deps test/go test/postgresql test/vm test/mutation test/browser ## Run every test

.PHONY: test/go
test/go: deps $(page) ## Run the Go tests, against a real PostgreSQL and real desktops
	tools/test.sh $(race) $(sample)
	@if [ -n "$(sample)" ]; then echo "the sample of mutants is left out: test/mutation makes all of them"; fi

.PHONY: test/postgresql
test/postgresql: deps ## Run the database's tests on PostgreSQL 17 and 18 (make test/postgresql on=18)
	tools/postgresql.sh $(on)

.PHONY: test/vm
test/vm: deps ## Run the tests of desktops in a virtual machine, with version 2 of control groups
	tools/vm.sh

.PHONY: test/race
test/race: deps $(page) ## Run the Go tests under the race detector
	tools/test.sh -race

.PHONY: test/mutation
test/mutation: deps ## Weaken each right of the database and check that a test notices: make test/mutation [only=memberships]
	go test -count=1 -timeout=60m -run='^TestMutants$$' -v ./db/proof $(if $(only),-only='$(only)',-all)

.PHONY: test/browser
test/browser: deps build ## Run the console in headless Chromium
	tools/browser.sh

.PHONY: attack
attack: deps $(page) ## Attack the organisations' isolation with random requests: make attack [N=1000000]
	ATTACK_REQUESTS=$(or $(N),1000000) go test -count=1 -run='^TestAttack$$' -timeout=12h -v ./app/attack

.PHONY: chaos
chaos: deps $(page) ## Kill, freeze and cut off everything at random under use: make chaos [for=10m]
	go test -count=1 -run='^(TestChaos|TestFaults)$$' -timeout=12h -v ./app/streamspace -chaos=$(or $(for),10m)

.PHONY: lint
lint: check $(packages) lint/tools lint/api ## Run the linters for Go, TypeScript, SQL and the API's description
	$(golangci) run
	$(npm) run check

.PHONY: lint/tools
lint/tools: check ## Run the linters of tools/: imports and scopes, SQL, error codes
	go test -C tools -count=1 ./...

# levels.txt differs from the tool's own levels in two: clients need what they read, and expect new values (docs/openapi.yaml).
.PHONY: lint/api
lint/api: check ## Check that no client of docs/openapi.kept.yaml breaks
	$(oasdiff) breaking --fail-on ERR --severity-levels tools/oasdiff/levels.txt docs/openapi.kept.yaml docs/openapi.yaml

.PHONY: api/keep
api/keep: ## Keep the API's description: what is in it now is promised to clients
	cp docs/openapi.yaml docs/openapi.kept.yaml

.PHONY: generate
generate: deps $(packages) ## Regenerate every generated file
	go run ./db/dbtest/dump > db/schema.sql.new && mv db/schema.sql.new db/schema.sql
	go run ./db/policy/generate
	$(tool) sqlc generate
	$(tool) oapi-codegen -config adapters/http/internal/api/oapi.yaml docs/openapi.yaml
	$(npm) run generate
	go run -C tools ./faultcodes .. > docs/errors.md.new && mv docs/errors.md.new docs/errors.md
	go test -count=1 -run='^TestTranscript$$' ./app/streamspace -update
	go test -count=1 -run='^TestStatesInTheDocs$$' ./modules/sessions -update

.PHONY: verify
verify: generate ## Regenerate, and fail when a file changes
	tools/verify.sh $(generated)

.PHONY: bench
bench: deps $(page) ## Run the benchmarks, one package after the other: make bench [in=./adapters/http]
	GOGC=400 go test -run='^$$' -bench=. -timeout=30m -p=1 -v $(or $(in),$(benchmarks))

.PHONY: proof
proof: deps $(page) ## Run the whole proof of isolation and write docs/security: make proof [ATTACK_REQUESTS=1000000]
	tools/proof.sh

.PHONY: db/new
db/new: ## Create the next migration: make db/new name=add_something
	@tools/migration.sh "$(name)"

.PHONY: db/migrate
db/migrate: build ## Migrate the database of STREAMSPACE_DATABASE_URL to this version
	bin/streamspace migrate

.PHONY: db/reset
db/reset: ## Remove the data of `make dev`
	@tools/reset.sh
