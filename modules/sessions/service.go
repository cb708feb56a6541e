package sessions

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/modules/templates"
	"github.com/streamspace-dev/streamspace/ports/bus"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// Service is the module's use cases for members.
type Service struct {
	inOrg     org.Scoped[Tx]
	read      org.Reading[Queries]
	tickets   TicketStore
	refusals  *audit.Refusals[Tx] // of sessions
	templates *audit.Refusals[Tx]
	nudger    *Nudger
	bus       bus.Bus
}

// Needs is what the service is made of.
type Needs struct {
	InOrg   org.Scoped[Tx]
	Read    org.Reading[Queries]
	Tickets TicketStore
	Counter audit.Counter // of refusals
	Nudger  *Nudger
	Bus     bus.Bus
}

// NewService makes the service.
func NewService(n Needs) *Service {
	return &Service{
		inOrg: n.InOrg, read: n.Read, tickets: n.Tickets, nudger: n.Nudger, bus: n.Bus,
		refusals:  audit.NewRefusals(Resource, n.InOrg, Tx.SessionIsForeign, n.Counter),
		templates: audit.NewRefusals(templates.Resource, n.InOrg, Tx.TemplateIsForeign, n.Counter),
	}
}

// Create is someone asking for a session.
type Create struct {
	Template string // an id or a name
	Name     string // empty: the template's title
}

// Create starts a session from a template and tells its agent. Of a template that is another organisation's it
// returns a Forbidden fault.
func (s *Service) Create(ctx context.Context, who org.Scope, in Create) (Session, error) {
	var out Session
	var at Placement
	err := s.inOrg(ctx, who, func(tx Tx) error {
		t, err := tx.TemplateByRef(ctx, in.Template)
		if err != nil {
			return err
		}
		if at, err = tx.Place(ctx); err != nil {
			return err
		}
		out = begin(who, in.Name, t, at)
		out.CreatedAt = tx.Now()
		if err := tx.InsertSession(ctx, out); err != nil {
			return err
		}
		if err := events.Append(ctx, tx, Created{ID: out.ID, Template: t.Name}); err != nil {
			return err
		}
		return audit.Record(ctx, tx, "session.create", out.ID)
	})
	if err != nil {
		return Session{}, s.explain(ctx, who, in.Template, err)
	}
	s.nudger.Nudge(at.Agent, desired(out, at.Namespace))
	return out, nil
}

// explain tells an unknown template from another organisation's.
func (s *Service) explain(ctx context.Context, who org.Scope, ref string, err error) error {
	id, notID := uuid.Parse(ref)
	if notID != nil || !errors.Is(err, templates.ErrNotFound) {
		return err
	}
	return s.templates.Missing(ctx, who, id)
}

func begin(who org.Scope, name string, t templates.Template, at Placement) Session {
	if name == "" {
		name = t.Title
	}
	return Session{
		ID: ID{uuid.Must(uuid.NewV7())}, Owner: who.User(), Name: name, Template: t,
		Agent: at.Agent, State: link.Pending, Generation: 1,
	}
}

func desired(s Session, namespace string) link.Desired {
	return link.Desired{
		Session: s.ID.UUID, Namespace: namespace, Run: !s.EndWanted, Generation: s.Generation,
		State: s.State, Spec: s.Template.Spec,
	}
}

// Get returns one session: an admin's view shows every one of the organisation, a member's their own. Another
// organisation's is Forbidden, an unknown one NotFound.
func (s *Service) Get(ctx context.Context, who org.Scope, id ID) (Session, error) {
	out, err := s.read(who).SessionByID(ctx, id)
	return out, s.missing(ctx, who, id, err)
}

// List returns a page of the sessions that the caller may see, the newest first.
func (s *Service) List(ctx context.Context, who org.Scope, f Filter, r page.Request) (page.Page[Session], error) {
	ss, err := s.read(who).Sessions(ctx, f, r.After, r.Size()+1)
	return page.Cut(ss, r.Size(), func(s Session) page.Cursor {
		return page.Cursor{Key: s.CreatedAt.UTC().Format(time.RFC3339Nano), ID: s.ID.UUID}
	}), err
}

// Terminate says that a session should be gone. It is accepted in every state; only the first call changes anything.
func (s *Service) Terminate(ctx context.Context, who org.Scope, id ID) (Session, error) {
	var out Session
	var first bool
	err := s.inOrg(ctx, who, func(tx Tx) error {
		var err error
		if out, err = tx.LockSession(ctx, id); err != nil {
			return err
		}
		if first = !out.EndWanted && !out.State.Final(); !first {
			return nil
		}
		if out, err = tx.EndSession(ctx, id); err != nil {
			return err
		}
		if err := events.Append(ctx, tx, Changed{ID: id, State: out.State}); err != nil {
			return err
		}
		return audit.Record(ctx, tx, "session.terminate", id)
	})
	if err != nil {
		return Session{}, s.missing(ctx, who, id, err)
	}
	if first {
		s.bus.Wake(topic(id))
		s.nudger.Nudge(out.Agent, desired(out, ""))
	}
	return out, nil
}

// IssueTicket makes a ticket for a session that has not ended.
func (s *Service) IssueTicket(ctx context.Context, who org.Scope, id ID) (secret.Secret, error) {
	key := secret.New()
	err := s.inOrg(ctx, who, func(tx Tx) error {
		switch it, err := tx.LockSession(ctx, id); {
		case err != nil:
			return err
		case it.EndWanted || it.State.Final():
			return ErrEnded
		}
		return tx.InsertTicket(ctx, Ticket{ID: uuid.Must(uuid.NewV7()), Session: id, Hash: key.Hash()})
	})
	return key, s.missing(ctx, who, id, err)
}

// Redeem uses up a ticket. The caller that it names must still enter the organisation, like any other.
func (s *Service) Redeem(ctx context.Context, ticket secret.Secret) (Admission, error) {
	return s.tickets.ConsumeTicket(ctx, ticket.Hash())
}

// missing says why a session was not found; any other error it returns as it is.
func (s *Service) missing(ctx context.Context, who org.Scope, id ID, err error) error {
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	return s.refusals.Missing(ctx, who, id.UUID)
}

// Missing says why the caller cannot reach a session: Forbidden when it is another organisation's, else NotFound.
func (s *Service) Missing(ctx context.Context, who org.Scope, id ID) error {
	return s.refusals.Missing(ctx, who, id.UUID)
}
