package http

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"

	"github.com/streamspace-dev/streamspace/ports/fault"
)

// Faults of a request's form. Each names the field and what is wrong with it.
var (
	errParameter        = fault.New(fault.Invalid, "invalid_parameter", "A parameter does not have the contract's form.")
	errUnknownParameter = fault.New(fault.Invalid, "unknown_parameter", "There is no such query parameter.")
	errBody             = fault.New(fault.Invalid, "invalid_body", "The body does not have the contract's form.")
)

// validateRequest refuses a request that does not have the contract's form. The fault names the field. The handler gets
// exactly what was validated: a query parameter that comes twice, or a second JSON value after the first, is refused,
// so that the validator and the handler cannot read different values.
func validateRequest(r *http.Request, op operation) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return errParameter.Saying("The query cannot be read.")
	}
	if err := checkQuery(query, op); err != nil {
		return err
	}
	if op.route.Operation.RequestBody != nil {
		if err := readBody(r); err != nil {
			return err
		}
	}
	path := map[string]string{}
	for _, name := range op.pathParameters {
		path[name] = r.PathValue(name)
	}
	err = openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request: r, PathParams: path, QueryParams: query, Route: op.route,
		Options: op.options,
	})
	if err != nil {
		return validationFault(err)
	}
	return nil
}

// checkQuery refuses query parameters that are unknown, that come twice, or that contain a NUL. An unknown parameter is
// refused because it is usually a spelling mistake: without an error a filter would silently have no effect.
func checkQuery(query url.Values, op operation) error {
	for name, values := range query {
		switch {
		case op.route.Operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) == nil:
			return errUnknownParameter.With("field", name)
		case len(values) > 1:
			return errParameter.Saying("%s: it comes more than once", name).With("field", name)
		case strings.ContainsRune(values[0], 0):
			return errParameter.Saying("%s: %s", name, nulRefused).With("field", name)
		}
	}
	return nil
}

// readBody reads the whole body, checks that it is one JSON value, and puts it back for the handler. limitBody has
// bounded its size. A compressed body is refused, because a few bytes can expand to gigabytes.
func readBody(r *http.Request) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" ||
		!slices.Contains([]string{"", "identity"}, r.Header.Get("Content-Encoding")) {
		return errMediaType
	}
	b, err := io.ReadAll(r.Body)
	if err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return errTooLarge
		}
		return errUnreadable.Because(err)
	}
	var value any
	if err := json.Unmarshal(b, &value); err != nil { // unlike a Decoder, Unmarshal refuses data after the value
		return errBody.Saying("the body is not JSON: %v", err)
	}
	if field, bad := findNUL(value, ""); bad {
		return errBody.Saying("%s: %s", field, nulRefused).With("field", field)
	}
	r.Body = io.NopCloser(bytes.NewReader(b))
	return nil
}

// nulRefused is the reason for refusing a NUL: PostgreSQL cannot store one in a text, and its error would be a 500.
const nulRefused = "a text cannot contain the character U+0000"

// findNUL looks for a text with a NUL in a JSON value, and returns the path of the field, such as "spec.command".
func findNUL(value any, at string) (string, bool) {
	switch v := value.(type) {
	case string:
		return at, strings.ContainsRune(v, 0)
	case []any:
		for _, item := range v {
			if field, bad := findNUL(item, at); bad {
				return field, true
			}
		}
	case map[string]any:
		for name, item := range v {
			if field, bad := findNUL(item, strings.TrimPrefix(at+"."+name, ".")); bad {
				return field, true
			}
		}
	}
	return "", false
}

// validationFault turns an error of the validator into a fault. It never contains the value, which can be a password:
// the validator's own message quotes it.
func validationFault(err error) error {
	wrong, ok := errors.AsType[*openapi3filter.RequestError](err)
	if !ok {
		return err
	}
	invalid, field := errBody, ""
	if wrong.Parameter != nil {
		invalid, field = errParameter, wrong.Parameter.Name
	}
	reason := "it has the wrong form"
	if errors.Is(err, openapi3filter.ErrInvalidRequired) {
		reason = "it is required"
	}
	if s, ok := errors.AsType[*openapi3.SchemaError](err); ok {
		reason = reasonOf(s)
		if inside := fieldOf(s); inside != "" {
			field = inside
		}
	}
	if field == "" {
		return invalid.Saying("the body: %s", reason)
	}
	return invalid.Saying("%s: %s", field, reason).With("field", field)
}

// fieldOf is the path of the invalid field. For an unknown property the validator's pointer names only the object, so
// that the property's name is taken from the text of its reason.
func fieldOf(s *openapi3.SchemaError) string {
	at := s.JSONPointer()
	if rest, ok := strings.CutPrefix(s.Reason, "property "); ok && s.SchemaField == "properties" {
		if quoted, err := strconv.QuotedPrefix(rest); err == nil {
			name, _ := strconv.Unquote(quoted)
			at = append(at, name)
		}
	}
	return strings.Join(at, ".")
}

// reasonOf is the rule that was broken, with its limit. The validator's text for a format or a pattern is a regular
// expression, which helps no one.
func reasonOf(s *openapi3.SchemaError) string {
	switch s.SchemaField {
	case "format":
		return "it must be of the format " + s.Schema.Format
	case "pattern":
		return "it must be " + patterns[s.Schema.Pattern]
	}
	return s.Reason
}

// patterns says in words what each pattern of the contract allows.
var patterns = map[string]string{
	`^[^\u0000-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]*$`: "text without control characters and bidirectional " +
		"overrides",
	`^[^@\s]+@[^@\s]+$`: "an address such as name@example.com",
	`^[!-~]+$`:          "visible ASCII characters without spaces",
	`^[a-z_]+([.][a-z_]+)?(,[a-z_]+([.][a-z_]+)?)*$`: "types of events or kinds of subjects, separated by commas",
	`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`: "1 to 63 lower case letters, digits and dashes, and neither begin nor end " +
		"with a dash",
}
