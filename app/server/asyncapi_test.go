package server_test

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"go.yaml.in/yaml/v4"

	"github.com/streamspace-dev/streamspace/adapters/ws/feed"
	"github.com/streamspace-dev/streamspace/app/server"
	"github.com/streamspace-dev/streamspace/db/dbtest"
	"github.com/streamspace-dev/streamspace/modules/events"
)

// object is a part of docs/asyncapi.yaml.
type object = map[string]any

// controls are the messages that are no events.
var controls = []string{
	events.HeartbeatType, events.ResetType, events.ClosingType, events.SnapshotType, "metrics", "token", feed.LineType,
}

func asyncAPI(t *testing.T) object {
	t.Helper()
	text, err := os.ReadFile("../../docs/asyncapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc object
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// at follows the names to a part of a document. It is nil if there is none.
func at(of any, names ...string) any {
	for _, name := range names {
		o, _ := of.(object)
		of = o[name]
	}
	return of
}

// resolved is what a reference names, or the part itself.
func resolved(t *testing.T, doc object, part any) object {
	t.Helper()
	o, _ := part.(object)
	ref, ok := o["$ref"].(string)
	if !ok {
		return o
	}
	found, ok := at(doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...).(object)
	if !ok {
		t.Errorf("%s names nothing", ref)
	}
	return resolved(t, doc, found)
}

// TestTheDescriptionOfTheEventsIsTrue compares docs/asyncapi.yaml with the declarations, in both directions. Seen to
// fail with a type, a member, a kind of a member, a version and an audience on one side only.
func TestTheDescriptionOfTheEventsIsTrue(t *testing.T) {
	t.Parallel()
	doc := asyncAPI(t)
	messages, _ := at(doc, "components", "messages").(object)
	want := slices.Clone(controls)
	for _, k := range server.EventTypes() {
		want = append(want, k.Name)
		parts, _ := at(messages[k.Name], "payload", "allOf").([]any)
		if len(parts) != 2 {
			t.Errorf("%s is not described as an event and its data", k.Name)
			continue
		}
		if ref := at(parts[0], "$ref"); ref != "#/components/schemas/Event" {
			t.Errorf("%s is a %v", k.Name, ref)
		}
		p := at(parts[1], "properties")
		got := []any{
			at(messages[k.Name], "name"), at(messages[k.Name], "x-audience"), at(p, "type", "const"), at(p, "version", "const"),
		}
		if diff := cmp.Diff([]any{k.Name, string(k.Audience), k.Name, k.Version}, got); diff != "" {
			t.Errorf("name, audience, type and version (-declared +described):\n%s", diff)
		}
		if diff := cmp.Diff(formOf(reflect.TypeOf(k.Data)), formIn(t, doc, at(p, "data"))); diff != "" {
			t.Errorf("the data of %s (-Go +described):\n%s", k.Name, diff)
		}
	}
	line := at(messages[feed.LineType], "payload", "properties")
	if diff := cmp.Diff(formOf(reflect.TypeFor[feed.Line]()), formIn(t, doc, at(line, "data"))); diff != "" {
		t.Errorf("the data of a line (-Go +described):\n%s", diff)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(messages))); diff != "" {
		t.Errorf("messages (-declared +described):\n%s", diff)
	}
}

// formOf is the schema of a Go type's JSON, as far as it is compared.
func formOf(k reflect.Type) object {
	switch {
	case k == reflect.TypeFor[uuid.UUID]():
		return object{"type": "string", "format": "uuid"}
	case k == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	}
	switch k.Kind() { //nolint:exhaustive // the others are in no event
	case reflect.String:
		return object{"type": "string"}
	case reflect.Int, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Slice:
		return object{"type": "array", "items": formOf(k.Elem())}
	case reflect.Pointer:
		form := formOf(k.Elem())
		form["type"] = []any{form["type"], "null"}
		return form
	case reflect.Struct:
		return formOfStruct(k)
	default:
		return object{"type": "unknown: " + k.String()}
	}
}

func formOfStruct(k reflect.Type) object {
	properties, required := object{}, []string{}
	for f := range k.NumField() {
		tag := k.Field(f).Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		if name == "-" {
			continue
		}
		properties[name] = formOf(k.Field(f).Type)
		if options == "" {
			required = append(required, name)
		}
	}
	slices.Sort(required)
	return object{"type": "object", "properties": properties, "required": required}
}

// formIn is a described schema, as far as it is compared.
func formIn(t *testing.T, doc object, schema any) object {
	t.Helper()
	o := resolved(t, doc, schema)
	form := object{"type": o["type"]}
	if format, ok := o["format"]; ok {
		form["format"] = format
	}
	if items, ok := o["items"]; ok {
		form["items"] = formIn(t, doc, items)
	}
	if o["type"] != "object" {
		return form
	}
	properties, required := object{}, []string{}
	described, _ := o["properties"].(object)
	for name, p := range described {
		properties[name] = formIn(t, doc, p)
	}
	names, _ := o["required"].([]any)
	for _, name := range names {
		text, _ := name.(string)
		required = append(required, text)
	}
	slices.Sort(required)
	form["properties"], form["required"] = properties, required
	return form
}

// TestTheDescriptionOfTheEventsIsValid checks what AsyncAPI 3.0 requires of the parts that the document has.
func TestTheDescriptionOfTheEventsIsValid(t *testing.T) {
	t.Parallel()
	doc := asyncAPI(t)
	if doc["asyncapi"] != "3.0.0" || at(doc, "info", "title") == nil || at(doc, "info", "version") == nil {
		t.Error("the version of AsyncAPI, a title or a version is missing")
	}
	known := []string{"asyncapi", "info", "defaultContentType", "channels", "operations", "components"}
	for name := range doc {
		if !slices.Contains(known, name) {
			t.Errorf("%s is no part of a document", name)
		}
	}
	references(t, doc, doc)
	messages, _ := at(doc, "components", "messages").(object)
	channels, _ := doc["channels"].(object)
	operations, _ := doc["operations"].(object)
	sent := map[string][]string{}
	for name, o := range operations {
		action, channel := at(o, "action"), at(o, "channel", "$ref")
		ref, _ := channel.(string)
		if action != "send" && action != "receive" || !strings.HasPrefix(ref, "#/channels/") {
			t.Errorf("%s: action %v on %v", name, action, channel)
		}
		list, _ := at(o, "messages").([]any)
		for _, m := range list {
			text, _ := at(m, "$ref").(string)
			message, ok := strings.CutPrefix(text, ref+"/messages/")
			if !ok {
				t.Errorf("%s has a message of another channel: %s", name, text)
			}
			sent[ref] = append(sent[ref], message)
		}
	}
	for name, c := range channels {
		if address, _ := at(c, "address").(string); !strings.HasPrefix(address, "/api/v1/") {
			t.Errorf("%s has the address %q", name, address)
		}
		in, _ := at(c, "messages").(object)
		had, want := slices.Sorted(maps.Keys(in)), slices.Sorted(slices.Values(sent["#/channels/"+name]))
		if diff := cmp.Diff(want, had); diff != "" {
			t.Errorf("messages of %s (-operations +channel):\n%s", name, diff)
		}
		for m := range messages {
			kind, _, isEvent := strings.Cut(m, ".")
			shown := name != "log" && name != "metrics" && (name != "sessions" || kind == "session")
			if isEvent && m != feed.LineType && shown != (in[m] != nil) {
				t.Errorf("whether the channel %s has %s: want %v", name, m, shown)
			}
		}
	}
}

// references resolves each reference in a part.
func references(t *testing.T, doc object, part any) {
	t.Helper()
	switch p := part.(type) {
	case object:
		resolved(t, doc, p)
		for _, inner := range p {
			references(t, doc, inner)
		}
	case []any:
		for _, inner := range p {
			references(t, doc, inner)
		}
	}
}

// What is sent has the members that are described for every event and for a heartbeat.
func TestWhatIsSentIsDescribed(t *testing.T) {
	t.Parallel()
	doc := asyncAPI(t)
	o := running.NewOrg(t, dbtest.Spec{})
	f := follow(t, o.Owner, "?after=0")
	for kind, schema := range map[string]any{
		"member.joined": at(doc, "components", "schemas", "Event"),
		"heartbeat":     at(doc, "components", "messages", "heartbeat", "payload"),
	} {
		var got map[string]json.RawMessage
		if err := json.Unmarshal([]byte(f.first(kind).text), &got); err != nil {
			t.Fatal(err)
		}
		described, _ := at(schema, "properties").(object)
		if diff := cmp.Diff(slices.Sorted(maps.Keys(described)), slices.Sorted(maps.Keys(got))); diff != "" {
			t.Errorf("members of %s (-described +sent):\n%s", kind, diff)
		}
		f = follow(t, o.Owner, "?after=0")
	}
}
