package fault

import "time"

// Faults that belong to no module.
var (
	errInternal = New(Internal, "internal", "Something went wrong on our side.")

	// ErrBusy means that the database or the CPU has no capacity for the request now.
	ErrBusy = New(Unavailable, "busy", "The server is busy at the moment.").RetryIn(time.Second)
	// ErrUpgradeRequired is the fault of a plain request to an address that accepts only another protocol.
	ErrUpgradeRequired = New(Invalid, "upgrade_required", "This address needs an upgrade to another protocol.").
				WithStatus(426)
)
