package members

import (
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// Membership is the data of a member's events.
type Membership struct {
	Role org.Role `json:"role"`
}

// EventTypes lists the events of members, which every member sees, as they see the list. Triggers write them, because
// an invitation, an operator and the end of a grant change members too.
func EventTypes() []events.Type {
	return []events.Type{
		events.Declare[Membership]("member.joined", events.Everyone).Type,
		events.Declare[Membership]("member.updated", events.Everyone).Type,
		events.Declare[events.None]("member.removed", events.Everyone).Type,
	}
}
