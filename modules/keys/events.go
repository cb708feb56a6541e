package keys

import (
	"time"

	"github.com/streamspace-dev/streamspace/modules/events"
)

// Issued is the data of a new key's event.
type Issued struct {
	Scopes []string  `json:"scopes"`
	Ends   time.Time `json:"expires_at"`
}

// EventTypes lists the events of API keys. An owner's key has the audience events.Private: the list of keys does not
// show it to admins who are no owners. The functions that create keys and triggers write them, because a key ends with
// its member too.
func EventTypes() []events.Type {
	return []events.Type{
		events.Declare[Issued]("key.created", events.Owner).Type,
		events.Declare[events.None]("key.changed", events.Owner).Type,
		events.Declare[events.None]("key.ended", events.Owner).Type,
	}
}
