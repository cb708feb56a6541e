package link

import "github.com/streamspace-dev/streamspace/ports/fault"

// Faults that both ends of an agent's connection handle.
var (
	ErrStaleAgent = fault.New(fault.Conflict, "stale_agent",
		"A newer process of this agent has connected, or the session is not placed on it.")
	ErrSessionEnded = fault.New(fault.Conflict, "session_ended", "The session has ended.")
)
