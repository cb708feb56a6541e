package settings

import "github.com/streamspace-dev/streamspace/modules/events"

// Values is the data of the settings' event: the settings as they are now.
type Values struct {
	MaxKeyDays int `json:"max_key_days"`
}

var updated = events.Declare[Values]("settings.updated", events.Everyone)

// EventTypes lists the events of settings, which every member sees, as they see the settings.
func EventTypes() []events.Type { return []events.Type{updated.Type} }
