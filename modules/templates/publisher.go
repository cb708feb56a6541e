package templates

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/input"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// Limits of a template's texts and of an operator's name, in characters.
const (
	maxTitle       = 80
	maxDescription = 1000
	maxOperator    = 80
)

// Registry is the port to the database for operators who write templates.
type Registry interface {
	// AddTemplate writes a private template of an organisation. If one with this name exists, it writes the next revision,
	// unless nothing differs. It returns orgs.ErrNotFound.
	AddTemplate(ctx context.Context, operator string, in org.ID, t Template) error
	// PublishTemplate does the same for a public template, which belongs to no organisation. Its entry is in the
	// operators' log.
	PublishTemplate(ctx context.Context, operator string, t Template) error
	// WithdrawTemplate removes a public template with all its revisions, or returns ErrNotFound.
	WithdrawTemplate(ctx context.Context, operator, name string) error
}

// Publisher has the use cases of the platform's operators who write templates.
type Publisher struct{ registry Registry }

// NewPublisher makes the service.
func NewPublisher(r Registry) *Publisher { return &Publisher{registry: r} }

// New is a template to be written. The name identifies the template: writing a name again makes a new revision.
type New struct {
	Name, Title, Description string
	Spec                     runtime.Spec
}

// Add writes a private template of an organisation, and an entry with the operator's name to its audit log. Writing the
// same again changes nothing. It returns orgs.ErrNotFound, or an Invalid fault that names the field.
func (p *Publisher) Add(ctx context.Context, operator string, in org.ID, n New) error {
	if err := cmp.Or(input.Text("operator", operator, 1, maxOperator), n.check()); err != nil {
		return err
	}
	return p.registry.AddTemplate(ctx, operator, in, n.template())
}

// Publish writes a public template, which every organisation may use. Writing the same again changes nothing.
func (p *Publisher) Publish(ctx context.Context, operator string, n New) error {
	if err := cmp.Or(input.Text("operator", operator, 1, maxOperator), n.check()); err != nil {
		return err
	}
	return p.registry.PublishTemplate(ctx, operator, n.template())
}

// Withdraw removes a public template. Sessions that were launched from it keep their copy. It returns ErrNotFound.
func (p *Publisher) Withdraw(ctx context.Context, operator, name string) error {
	if err := input.Text("operator", operator, 1, maxOperator); err != nil {
		return err
	}
	return p.registry.WithdrawTemplate(ctx, operator, name)
}

func (n New) template() Template {
	return Template{
		ID: ID{uuid.Must(uuid.NewV7())}, Name: n.Name, Title: n.Title, Description: n.Description, Spec: n.Spec,
	}
}

// check reports the first invalid field. The size of the spec is limited because agents get up to a page of them in one
// response.
func (n New) check() error {
	spec, err := json.Marshal(n.Spec)
	if err != nil {
		return fmt.Errorf("encode the spec of template %s: %w", n.Name, err)
	}
	return cmp.Or(
		input.Label("name", n.Name),
		input.Text("title", n.Title, 1, maxTitle),
		input.Text("description", n.Description, 0, maxDescription),
		input.Number("width", int64(n.Spec.Width), 0, runtime.MaxSide),
		input.Number("height", int64(n.Spec.Height), 0, runtime.MaxSide),
		input.Size("spec", len(spec), 0, link.MaxSpec),
	)
}
