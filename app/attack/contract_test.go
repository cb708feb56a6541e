package attack

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
)

// contract is docs/openapi.yaml, as far as the tests walk it: its operations by their ids.
type contract map[string]operation

// operation is one operation of the API.
type operation struct {
	id, method, path string
	public           bool             // callers need no credential
	live             bool             // its response has no end
	socket           bool             // it is a WebSocket
	resumes          bool             // it goes on after a number
	body             *openapi3.Schema // of the JSON that it takes; nil: none
}

func readContract(spec []byte) (contract, error) {
	doc, err := openapi3.NewLoader().LoadFromData(spec)
	if err != nil {
		return nil, fmt.Errorf("read the API's description: %w", err)
	}
	all := contract{}
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			op := operation{
				id: o.OperationID, method: method, path: path, public: o.Extensions["x-permission"] == "public",
				live: o.Extensions["x-live"] != nil, socket: o.Extensions["x-live"] == "websocket",
				resumes: o.Parameters.GetByInAndName("query", "after") != nil,
			}
			if o.RequestBody != nil {
				op.body = o.RequestBody.Value.Content.Get("application/json").Schema.Value
			}
			all[op.id] = op
		}
	}
	return all, nil
}

// ids returns the operations' ids in order.
func (c contract) ids() []string { return slices.Sorted(maps.Keys(c)) }

// without is the contract without some of its operations.
func (c contract) without(ids []string) contract {
	rest := maps.Clone(c)
	maps.DeleteFunc(rest, func(id string, _ operation) bool { return slices.Contains(ids, id) })
	return rest
}

// placeholder is an id in a path: "{session_id}".
var placeholder = regexp.MustCompile(`\{(\w+)\}`)

// params are the names of the ids in the path.
func (o operation) params() []string {
	var all []string
	for _, m := range placeholder.FindAllStringSubmatch(o.path, -1) {
		all = append(all, m[1])
	}
	return all
}

// at is the path with its ids filled in.
func (o operation) at(id func(param string) string) string {
	return placeholder.ReplaceAllStringFunc(o.path, func(p string) string { return id(strings.Trim(p, "{}")) })
}

// collection is the path of the list that an id is in: "/api/v1/sessions" for session_id.
func (c contract) collection(param string) string {
	found := ""
	for _, o := range c {
		if before, _, ok := strings.Cut(o.path, "/{"+param+"}"); ok && (found == "" || len(before) < len(found)) {
			found = before
		}
	}
	return found
}

// maker is the operation that makes what an id stands for: a POST to its collection.
func (c contract) maker(param string) (operation, bool) {
	for _, o := range c {
		if o.method == http.MethodPost && o.path == c.collection(param) {
			return o, true
		}
	}
	return operation{}, false
}

// listed is the id of what a path lists; empty: it lists nothing that has one.
func (c contract) listed(path string) string {
	for _, o := range c {
		for _, p := range o.params() {
			if c.collection(p) == path {
				return p
			}
		}
	}
	return ""
}

// find returns the operation that a request asks for; empty: none.
func (c contract) find(method, path string) string {
	path, _, _ = strings.Cut(path, "?")
	is := strings.Split(path, "/")
	for _, o := range c {
		of := strings.Split(o.path, "/")
		same := func(a, b string) bool { return a == b || strings.HasPrefix(a, "{") }
		if o.method == method && slices.EqualFunc(of, is, same) {
			return o.id
		}
	}
	return ""
}

// sample is a value that a schema allows, with a word in each free text. Of an object it has what is required, and
// every free text.
func sample(s *openapi3.Schema, word string) any {
	switch {
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Type.Is("object"):
		v := map[string]any{}
		for name, p := range s.Properties {
			if slices.Contains(s.Required, name) || isText(p.Value) {
				v[name] = sample(p.Value, word)
			}
			if name == "email" && v[name] != nil {
				v[name] = fmt.Sprint(uuid.NewString(), word, "@example.test")
			}
		}
		return v
	case s.Type.Is("array"):
		return []any{sample(s.Items.Value, word)}
	case s.Type.Is("boolean"):
		return false
	case s.Type.Is("integer"), s.Type.Is("number"):
		if s.Min != nil {
			return *s.Min
		}
		return 1
	case s.Format == "uuid":
		return uuid.NewString()
	case s.Format == "date-time":
		return time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	}
	for uint64(len(word)) < s.MinLength {
		word += "-" + word
	}
	if s.MaxLength != nil && uint64(len(word)) > *s.MaxLength {
		word = word[:*s.MaxLength]
	}
	return word
}

// isText tells whether a value is a text of the caller's own choice. A pattern for texts in general allows every word.
func isText(s *openapi3.Schema) bool {
	free := s.Pattern == "" || strings.HasPrefix(s.Pattern, `^[^\u0000`)
	return s.Type.Is("string") && len(s.Enum) == 0 && s.Format == "" && free
}
