package invitations

import (
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// Invited is the data of a new invitation's event.
type Invited struct {
	Role org.Role  `json:"role"`
	Ends time.Time `json:"expires_at"`
}

// Accepted is the data of an accepted invitation's event.
type Accepted struct {
	User uuid.UUID `json:"user_id"` // the new member
}

var (
	created = events.Declare[Invited]("invitation.created", events.Admins)
	revoked = events.Declare[events.None]("invitation.revoked", events.Admins)
)

// EventTypes lists the events of invitations, for admins. The subject's name is the address. The function that accepts
// an invitation writes the last one.
func EventTypes() []events.Type {
	return []events.Type{
		created.Type, revoked.Type, events.Declare[Accepted]("invitation.accepted", events.Admins).Type,
	}
}
