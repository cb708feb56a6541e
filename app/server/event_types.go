package server

import (
	"slices"

	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/modules/hosts"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/modules/invitations"
	"github.com/streamspace-dev/streamspace/modules/keys"
	"github.com/streamspace-dev/streamspace/modules/members"
	"github.com/streamspace-dev/streamspace/modules/quotas"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/modules/settings"
	"github.com/streamspace-dev/streamspace/modules/templates"
)

// EventTypes lists every type of events that a control plane writes, as the modules declare them.
func EventTypes() []events.Type {
	return slices.Concat(
		sessions.EventTypes(), templates.EventTypes(), members.EventTypes(), invitations.EventTypes(), keys.EventTypes(),
		identity.EventTypes(), quotas.EventTypes(), settings.EventTypes(), hosts.EventTypes(),
	)
}
