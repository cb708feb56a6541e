package fault

import "time"

// Faults that belong to no subject.
var (
	errInternal = New(Internal, "internal", "Something went wrong on our side.")

	// ErrBusy is the fault of a database or a processor that has no time for a request now.
	ErrBusy = New(Unavailable, "busy", "Too much is going on at this moment.").RetryIn(time.Second)
	// ErrUpgradeRequired is the fault of a plain request to an address that only takes another protocol.
	ErrUpgradeRequired = New(Invalid, "upgrade_required", "This address needs an upgrade to another protocol.").
				WithStatus(426)
)
