package http

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/google/uuid"
)

// authMethod is how an operation authenticates its callers.
type authMethod int

const (
	byCredential authMethod = iota // an access token or a cookie
	byTicket                       // a ticket, and nothing else
	noAuth                         // no authentication: the operation is public
)

// liveKind is how the response of an operation goes on: its x-live in the contract.
type liveKind string

const (
	notLive    liveKind = ""
	liveSocket liveKind = "websocket"
	liveEvents liveKind = "events" // server-sent events
)

// operation is one method and path of the contract, with what the stages need to know about it.
type operation struct {
	id, method, path string
	permission       permission
	auth             authMethod
	live             liveKind
	pathParameters   []string
	route            *routers.Route // the operation as the validator wants it
	options          *openapi3filter.Options
}

// contract is the part of docs/openapi.yaml that the server acts on.
type contract struct {
	operations map[string]operation // by id
}

// readContract reads the contract. Its error names every operation without a known permission.
func readContract(spec []byte) (*contract, error) {
	doc, err := openapi3.NewLoader().LoadFromData(spec)
	if err != nil {
		return nil, fmt.Errorf("read the API's description: %w", err)
	}
	if err := doc.Validate(context.Background()); err != nil { //nolint:forbidigo // nothing in it waits
		return nil, fmt.Errorf("the API's description is wrong: %w", err)
	}
	c := &contract{operations: map[string]operation{}}
	var errs []error
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			op, err := newOperation(doc, &routers.Route{
				Spec: doc, Path: path, PathItem: item, Method: method, Operation: o,
			})
			errs = append(errs, err)
			c.operations[op.id] = op
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return c, nil
}

// newOperation reads one operation. It refuses a permission that contradicts the authentication: a public operation
// with authentication, and one without authentication that needs a permission, are mistakes in the contract.
func newOperation(doc *openapi3.T, r *routers.Route) (operation, error) {
	op := operation{id: r.Operation.OperationID, method: r.Method, path: r.Path, route: r, options: validation()}
	for _, p := range slices.Concat(r.PathItem.Parameters, r.Operation.Parameters) {
		if p.Value.In == openapi3.ParameterInPath {
			op.pathParameters = append(op.pathParameters, p.Value.Name)
		}
	}
	name, _ := r.Operation.Extensions["x-permission"].(string)
	op.permission = permission(name)
	if !op.permission.exists() {
		return op, fmt.Errorf("operation %s (%s %s) has x-permission %q, which is neither %s nor one of %v",
			op.id, op.method, op.path, name, public, slices.Sorted(maps.Keys(permissions)))
	}
	live, _ := r.Operation.Extensions["x-live"].(string)
	if op.live = liveKind(live); !slices.Contains([]liveKind{notLive, liveSocket, liveEvents}, op.live) {
		return op, fmt.Errorf("operation %s has x-live %q, which is unknown", op.id, live)
	}
	needs := doc.Security
	if r.Operation.Security != nil {
		needs = *r.Operation.Security
	}
	switch {
	case len(needs) == 0:
		op.auth = noAuth
	case slices.ContainsFunc(needs, func(n openapi3.SecurityRequirement) bool { _, ok := n["ticket"]; return ok }):
		op.auth = byTicket
	}
	if (op.permission == public) != (op.auth == noAuth) {
		return op, fmt.Errorf("operation %s (%s %s) has x-permission %q, which its security contradicts",
			op.id, op.method, op.path, name)
	}
	// The stages authenticate the caller. Without this line the validator would do it a second time.
	r.Operation.Security = &openapi3.SecurityRequirements{}
	return op, nil
}

// validation has the validator's settings. It does not fill in defaults, because the handlers do.
func validation() *openapi3filter.Options {
	return &openapi3filter.Options{
		SkipSettingDefaults: true, KeepValidatedValue: true,
		// Without this the validator accepts any string as a uuid.
		SchemaValidationOptions: []openapi3.SchemaValidationOption{openapi3.WithStringFormatValidator("uuid", uuids{})},
	}
}

// uuids accepts a UUID in canonical form, in either case. uuid.Parse alone also accepts braces and a urn: prefix.
type uuids struct{}

// Validate implements openapi3.FormatValidator.
func (uuids) Validate(s string) error {
	if id, err := uuid.Parse(s); err != nil || id.String() != strings.ToLower(s) {
		return errors.New("it must be a UUID")
	}
	return nil
}
