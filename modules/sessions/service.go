package sessions

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/modules/templates"
	"github.com/streamspace-dev/streamspace/ports/bus"
	"github.com/streamspace-dev/streamspace/ports/idempotency"
	"github.com/streamspace-dev/streamspace/ports/input"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
	"github.com/streamspace-dev/streamspace/ports/runtime"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// Service has the use cases of members. It is safe for concurrent use.
type Service struct {
	inOrg     org.Scoped[Tx]
	read      org.Reading[Queries]
	asService org.AsService[ServiceTx]
	tickets   TicketStore
	refusals  *audit.Refusals[Tx] // of sessions
	templates *audit.Refusals[Tx] // of templates that a session is created from
	nudger    *Nudger
	bus       bus.Bus
}

// Config has everything that a Service needs. No field may be left out.
type Config struct {
	InOrg org.Scoped[Tx]
	Read  org.Reading[Queries]
	// AsService is for what ends without its member.
	AsService org.AsService[ServiceTx]
	Tickets   TicketStore
	Counter   audit.Counter // of refusals
	Nudger    *Nudger
	Bus       bus.Bus
}

// NewService makes the service.
func NewService(c Config) *Service {
	return &Service{
		inOrg: c.InOrg, read: c.Read, asService: c.AsService, tickets: c.Tickets,
		nudger: c.Nudger, bus: c.Bus,
		refusals:  audit.NewRefusals(Resource, c.InOrg, Tx.SessionIsForeign, c.Counter),
		templates: audit.NewRefusals(templates.Resource, c.InOrg, Tx.TemplateIsForeign, c.Counter),
	}
}

// Create is a request for a new session.
type Create struct {
	Template string // an id or a name
	Name     string // empty: the template's title
	Scale    int    // as runtime.Spec.Scale
	Key      *idempotency.Key
}

// maxName is the length of a session's name, in characters. The database has the same limit.
const maxName = 80

// Create writes a session of a template in the state pending, and nudges the agent that it is placed on. It does not
// wait for the desktop; AwaitRunning does. It returns templates.ErrNotFound, templates.ErrUnreadable, audit.ErrOtherOrg
// for a template of another organisation, ErrNoAgent, a Conflict fault "quota_exceeded", a Conflict fault
// "no_namespace", or an Invalid fault that names the field.
//
// A session that has started never moves: a desktop cannot be moved between hosts.
func (s *Service) Create(ctx context.Context, who org.Scope, in Create) (Session, error) {
	if in.Name != "" {
		if err := input.Text("name", in.Name, 1, maxName); err != nil {
			return Session{}, err
		}
	}
	if in.Scale != 0 {
		if err := input.Number("scale", int64(in.Scale), 1, runtime.MaxScale); err != nil {
			return Session{}, err
		}
	}
	var out Session
	var at Placement
	err := s.inOrg(ctx, who, func(tx Tx) error {
		id, err := idempotency.Claim(ctx, tx, in.Key, uuid.Must(uuid.NewV7()))
		if err != nil {
			return err
		}
		if in.Key.Replayed() { // as it is now
			out, err = tx.LockSession(ctx, ID{id})
			return err
		}
		t, err := tx.TemplateByRef(ctx, in.Template)
		if err != nil {
			return err
		}
		if t.Unreadable {
			return templates.ErrUnreadable
		}
		if at, err = tx.Place(ctx); err != nil {
			return err
		}
		t.Spec.Scale = in.Scale
		out = begin(who, in.Name, t, at)
		out.ID = ID{id}
		out.CreatedAt = tx.Now()
		if err := tx.InsertSession(ctx, out); err != nil {
			return err
		}
		if err := events.Append(ctx, tx, Created{ID: out.ID, Template: t.Name}); err != nil {
			return err
		}
		if at.Agent == uuid.Nil {
			if err := events.Append(ctx, tx, Changed{ID: out.ID, State: out.State, WaitsFor: out.WaitsFor}); err != nil {
				return err
			}
		}
		return audit.Record(ctx, tx, "session.create", out.ID)
	})
	if err != nil {
		return Session{}, s.explain(ctx, who, in.Template, err)
	}
	if !in.Key.Replayed() {
		s.nudger.Nudge(at.Agent, desired(out, at.Namespace))
	}
	return out, nil
}

// explain tells a template of another organisation from an unknown one. A name cannot be another organisation's: names
// are looked up in the caller's scope, and the same name may exist in both.
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
		ID: ID{uuid.Must(uuid.NewV7())}, Owner: who.User(), OwnerName: at.OwnerName, Name: name, Template: t,
		Scale: t.Spec.PixelScale(),
		Agent: at.Agent, State: link.Pending, WaitsFor: cmp.Or(at.WaitsFor, WaitsForStart), Generation: 1,
	}
}

func desired(s Session, namespace string) link.Desired {
	return link.Desired{
		Session: s.ID.UUID, Namespace: namespace, Run: !s.EndWanted, Generation: s.Generation,
		State: s.State, Spec: s.Template.Spec, Unreadable: s.Template.Unreadable,
	}
}

// Get returns one session. An admin sees every session of the organisation, a member their own. It returns ErrNotFound,
// or audit.ErrOtherOrg for an id of another organisation.
func (s *Service) Get(ctx context.Context, who org.Scope, id ID) (Session, error) {
	out, err := s.read(who).SessionByID(ctx, id)
	return out, s.missing(ctx, who, id, err)
}

// List returns a page of the sessions that the caller may see, the newest first. It reads one more than the page's
// size, to learn whether there is a next page. The cursor has the full precision of the time, or sessions of one
// millisecond would be skipped or repeated.
func (s *Service) List(ctx context.Context, who org.Scope, f Filter, r page.Request) (page.Page[Session], error) {
	ss, err := s.read(who).Sessions(ctx, f, r.After, r.Size()+1)
	return page.Cut(ss, r.Size(), func(s Session) page.Cursor {
		return page.Cursor{Key: s.CreatedAt.UTC().Format(time.RFC3339Nano), ID: s.ID.UUID}
	}), err
}

// Events returns a page of what happened to a session, from its creation on. It returns ErrNotFound or
// audit.ErrOtherOrg.
func (s *Service) Events(ctx context.Context, who org.Scope, id ID, r page.Request) (page.Page[Event], error) {
	all, err := s.read(who).SessionEvents(ctx, id, r.After, r.Size()+1)
	if err == nil && len(all) == 0 { // a session that the caller may see, or not
		_, err = s.Get(ctx, who, id)
	}
	return page.Cut(all, r.Size(), func(e Event) page.Cursor {
		return page.Cursor{Key: strconv.FormatInt(e.Seq, 10), ID: id.UUID}
	}), err
}

// Terminate requests the end of a session. It can be repeated in every state; only the first call changes something. It
// locks the row before it decides, so that of two concurrent calls one writes the event and the audit entry. It returns
// ErrNotFound or audit.ErrOtherOrg.
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
		name := out.OwnerName
		if out, err = tx.EndSession(ctx, id); err != nil {
			return err
		}
		out.OwnerName = name
		ended := Changed{ID: id, State: out.State, Reason: out.Reason, By: who.User().UUID}
		if err := events.Append(ctx, tx, ended); err != nil {
			return err
		}
		return audit.Record(ctx, tx, "session.terminate", id)
	})
	if err != nil {
		return Session{}, s.missing(ctx, who, id, err)
	}
	if first {
		s.bus.Wake(topic(id))
		s.nudger.Nudge(out.Agent, desired(out, "")) // only a start needs the namespace
	}
	return out, nil
}

// TakeOver makes the caller, an admin, the owner of a session whose owner has left the organisation. It returns
// ErrOwnerIsMember, ErrEnded, ErrNotFound, audit.ErrOtherOrg, or a Conflict fault "quota_exceeded". The caller's own
// session is returned as it is.
func (s *Service) TakeOver(ctx context.Context, who org.Scope, id ID) (Session, error) {
	var out Session
	err := s.inOrg(ctx, who, func(tx Tx) (err error) {
		if out, err = tx.LockSession(ctx, id); err != nil || out.Owner == who.User() {
			return err
		}
		if _, err = tx.TakeOverSession(ctx, id); err != nil {
			return err
		}
		if out, err = tx.LockSession(ctx, id); err != nil { // with the new owner's name
			return err
		}
		if err := events.Append(ctx, tx, TakenOver{ID: id, Owner: out.Owner.UUID, OwnerName: out.OwnerName}); err != nil {
			return err
		}
		return audit.Record(ctx, tx, "session.take_over", id)
	})
	if err != nil {
		return Session{}, s.missing(ctx, who, id, err)
	}
	return out, nil
}

// IssueTicket makes a ticket for a session that has not ended, and returns its secret, which cannot be read again. The
// session need not run yet: the stream waits. It returns ErrEnded, ErrNotFound or audit.ErrOtherOrg.
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

// Redeem uses up a ticket and returns what it grants, or ErrTicket. It does not check whether the member still has
// access: every transaction in the granted scope does.
func (s *Service) Redeem(ctx context.Context, ticket secret.Secret) (Admission, error) {
	return s.tickets.ConsumeTicket(ctx, ticket.Hash())
}

// missing replaces ErrNotFound by the exact reason, and returns any other error as it is.
func (s *Service) missing(ctx context.Context, who org.Scope, id ID, err error) error {
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	return s.refusals.Missing(ctx, who, id.UUID)
}

// Missing returns the fault for a session that the caller cannot reach: audit.ErrOtherOrg if it belongs to another
// organisation, which is also recorded, otherwise ErrNotFound.
func (s *Service) Missing(ctx context.Context, who org.Scope, id ID) error {
	return s.refusals.Missing(ctx, who, id.UUID)
}
