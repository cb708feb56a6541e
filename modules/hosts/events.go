package hosts

import "github.com/streamspace-dev/streamspace/modules/events"

// EventTypes lists the events of hosts, for admins. Triggers write them, because operators decide which hosts there
// are.
func EventTypes() []events.Type {
	return []events.Type{
		events.Declare[events.None]("host.added", events.Admins).Type,
		events.Declare[events.None]("host.revoked", events.Admins).Type,
	}
}
