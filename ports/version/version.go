// Package version lets a caller change a resource only if no one else has changed it since they read it. Each read says
// which version it shows, and each change may say which version it expects.
package version

import (
	"slices"

	"github.com/streamspace-dev/streamspace/ports/fault"
)

// ErrChanged is the fault of a change to a resource that has another version than its caller expects.
var ErrChanged = fault.New(fault.Conflict, "precondition_failed",
	"It has changed since you read it. Read it again, and repeat your change if you still want it.").WithStatus(412)

// Version names what a resource shows: two reads that differ in anything have different versions. It consists of
// printable ASCII characters without quotes and spaces, and means nothing to clients.
type Version string

// Expected are the versions that a caller allows a resource to have before it changes. The zero value allows all.
type Expected struct {
	restricted bool
	versions   []Version
}

// OneOf allows the given versions only. Without any it allows none, so that every change is refused.
func OneOf(versions ...Version) Expected { return Expected{restricted: true, versions: versions} }

// Check returns ErrChanged if the caller does not allow the present version. The transaction that changes the resource
// calls it with the row locked, or of two callers who expect the same version both could go on.
func (e Expected) Check(present Version) error {
	if e.restricted && !slices.Contains(e.versions, present) {
		return ErrChanged
	}
	return nil
}
