package identity

import "github.com/streamspace-dev/streamspace/modules/events"

// EventTypes lists the events of sign-ins, for their user and for admins, who read the same in the audit log. Triggers
// write them, because a sign-in ends or changes in many ways. They have no name.
func EventTypes() []events.Type {
	return []events.Type{
		events.Declare[events.None]("sign_in.changed", events.Owner).Type,
		events.Declare[events.None]("sign_in.ended", events.Owner).Type,
	}
}
