package templates

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/input"
	"github.com/streamspace-dev/streamspace/ports/org"
)

const (
	// maxOperator is the length of an operator's name, in characters.
	maxOperator = 80
	// maxRejection is the length of a reason, in characters. The database has the same limit.
	maxRejection = 500
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
	// PublicationRequests lists at most n requests of all organisations, in the order of their templates' ids, after the
	// given id.
	PublicationRequests(ctx context.Context, after ID, n int) ([]Request, error)
	// ApproveTemplate publishes what was requested. It returns ErrNotRequested or ErrPublicNameTaken.
	ApproveTemplate(ctx context.Context, operator string, a Approval) error
	// RejectTemplate ends a request with a reason. It returns ErrNotRequested.
	RejectTemplate(ctx context.Context, operator string, r Rejection) error
}

// Request is a template that the admins of an organisation have asked to be published.
type Request struct {
	ID                       ID
	Org                      string // the organisation's slug
	Name, Title, Description string
	Revision                 int
	Spec                     json.RawMessage // as it is stored, because the operator decides about just that
	At                       time.Time
}

// Approval names the revision of an organisation's template that an operator has looked at.
type Approval struct {
	Org      org.ID
	Name     string
	Revision int
	Public   ID // of the public template, if it is a new one
}

// Rejection says why an operator refuses to publish a revision of an organisation's template.
type Rejection struct {
	Org      org.ID
	Name     string
	Revision int
	Reason   string // for the organisation's admins
}

// Publisher has the use cases of the platform's operators who write templates.
type Publisher struct{ registry Registry }

// NewPublisher makes the service.
func NewPublisher(r Registry) *Publisher { return &Publisher{registry: r} }

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

// Requests lists what organisations have asked to be published: at most n, after the given id.
func (p *Publisher) Requests(ctx context.Context, after ID, n int) ([]Request, error) {
	return p.registry.PublicationRequests(ctx, after, n)
}

// Approve publishes a revision that an organisation has asked to be published. The template stays the organisation's
// own: its admins can withdraw it, and a later revision of it is published only when it is requested and approved
// again. It returns ErrNotRequested, also when the template has changed since the operator looked at it, or
// ErrPublicNameTaken.
func (p *Publisher) Approve(ctx context.Context, operator string, a Approval) error {
	err := cmp.Or(input.Text("operator", operator, 1, maxOperator),
		input.Number("revision", int64(a.Revision), 1, math.MaxInt32))
	if err != nil {
		return err
	}
	a.Public = ID{uuid.Must(uuid.NewV7())}
	return p.registry.ApproveTemplate(ctx, operator, a)
}

// Reject refuses to publish a revision, with a reason that the organisation's admins see until they change the template
// or ask again. It returns ErrNotRequested, or an Invalid fault that names the field.
func (p *Publisher) Reject(ctx context.Context, operator string, r Rejection) error {
	err := cmp.Or(input.Text("operator", operator, 1, maxOperator), input.Text("reason", r.Reason, 1, maxRejection),
		input.Number("revision", int64(r.Revision), 1, math.MaxInt32))
	if err != nil {
		return err
	}
	return p.registry.RejectTemplate(ctx, operator, r)
}
