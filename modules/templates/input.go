package templates

import (
	"cmp"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/idempotency"
	"github.com/streamspace-dev/streamspace/ports/input"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/runtime"
	"github.com/streamspace-dev/streamspace/ports/version"
)

// Limits of a template. docs/openapi.yaml states the same ones, and the database those of its columns.
const (
	maxTitle       = 80   // characters
	maxDescription = 1000 // characters
	maxArguments   = 64   // of a command, the program included
	maxArgument    = 4096 // characters
	minSide        = 200  // pixels: a smaller desktop has no room for a window
)

// New is a template to be written. The name identifies the template: writing a name again makes a new revision.
type New struct {
	Name, Title, Description string
	Spec                     runtime.Spec
	Key                      *idempotency.Key
}

// Change is what to change in a template. What is nil stays.
type Change struct {
	Title, Description *string
	Spec               *runtime.Spec // replaces the whole spec
	Expected           version.Expected
}

func (n New) template() Template {
	return Template{
		ID: ID{uuid.Must(uuid.NewV7())}, Name: n.Name, Title: n.Title, Description: n.Description, Revision: 1, Spec: n.Spec,
		Publication: Unpublished,
	}
}

// check reports the first invalid field.
func (n New) check() error {
	return cmp.Or(input.Label("name", n.Name),
		Change{Title: &n.Title, Description: &n.Description, Spec: &n.Spec}.check())
}

// check reports the first invalid field.
func (c Change) check() error {
	var err error
	if c.Title != nil {
		err = input.Text("title", *c.Title, 1, maxTitle)
	}
	if c.Description != nil {
		err = cmp.Or(err, input.Text("description", *c.Description, 0, maxDescription))
	}
	if c.Spec != nil {
		err = cmp.Or(err, checkSpec(*c.Spec))
	}
	return err
}

// checkSpec reports the first invalid field. The size of the whole is limited because agents get up to a page of specs
// in one response.
func checkSpec(s runtime.Spec) error {
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode the spec of a template: %w", err)
	}
	return cmp.Or(
		checkCommand(s.Command),
		checkNumber("spec.width", s.Width, minSide, runtime.MaxSide),
		checkNumber("spec.height", s.Height, minSide, runtime.MaxSide),
		checkNumber("spec.memory", s.Memory, runtime.MinMemory, runtime.MaxMemory),
		checkNumber("spec.cpu", s.CPU, runtime.MinCPU, runtime.MaxCPU),
		checkNumber("spec.processes", s.Processes, runtime.MinProcesses, runtime.MaxProcesses),
		checkNumber("spec.disk", s.Disk, runtime.MinDisk, runtime.MaxDisk),
		onlyAtLaunch("spec.scale", s.Scale), input.Size("spec", len(text), 0, link.MaxSpec),
	)
}

func checkCommand(command []string) error {
	if len(command) > maxArguments {
		return input.Invalid("spec.command", "must have at most %d members, not %d", maxArguments, len(command))
	}
	for _, argument := range command {
		if n := utf8.RuneCountInString(argument); n < 1 || n > maxArgument {
			return input.Invalid("spec.command", "must have members of 1 to %d characters, not %d", maxArgument, n)
		}
	}
	return nil
}

// onlyAtLaunch refuses a number that depends on the screen in front of the user.
func onlyAtLaunch(field string, n int) error {
	if n != 0 {
		return input.Invalid(field, "is chosen when a session is launched, not by its template")
	}
	return nil
}

// checkNumber checks a number that may be absent. Zero is the runtime's own choice.
func checkNumber(field string, n, smallest, most int) error {
	if n == 0 {
		return nil
	}
	return input.Number(field, int64(n), int64(smallest), int64(most))
}
