// Package quotas has how many sessions an organisation and its members may have at the same time. adapters/http calls
// Service.
//
// Operators set a ceiling for the organisation and for each member (modules/orgs). Admins set lower limits, and for one
// member a limit of their own. A trigger of the database counts the sessions and refuses those above the limits, so
// that no race and no writer gets past them. Only sessions are limited: a limit that nothing obeys is not accepted.
package quotas

import (
	"fmt"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/version"
)

// ErrAboveCeiling is the fault of a limit above what operators allow. It names the field and the ceiling.
var ErrAboveCeiling = fault.New(fault.Conflict, "above_ceiling", "Operators allow less.")

// Ceiling is what operators allow at most.
type Ceiling struct{ PerOrg, PerUser int64 }

// Limits are what admins allow. A nil limit is as high as the ceiling.
type Limits struct {
	PerOrg  *int64
	PerUser *int64 // for each member who has no limit of their own
}

// Quota is how many sessions may be active at the same time, and how many are. An active session counts until it has
// ended.
type Quota struct {
	PerOrg, PerUser       int64 // what applies to the organisation, and to the caller
	UsedByOrg, UsedByUser int64 // by all, and by the caller
	Ceiling               Ceiling
	Own                   Limits
}

// Version names the limits alone: an admin who sets them need not look again after each session that begins.
func (q Quota) Version() version.Version { return versionOf(q.Ceiling, q.Own) }

func versionOf(c Ceiling, own Limits) version.Version {
	return version.Version(fmt.Sprintf("%d.%d.%s.%s", c.PerOrg, c.PerUser, written(own.PerOrg), written(own.PerUser)))
}

// MemberQuota is how many sessions one member may have, and has.
type MemberQuota struct {
	User    org.UserID
	Name    string
	Used    int64
	Limit   int64  // what applies
	Own     *int64 // what admins allow this member; nil: what they allow each
	Ceiling int64  // what operators allow each member
}

// Version names the limits alone.
func (q MemberQuota) Version() version.Version {
	return version.Version(fmt.Sprintf("%d.%s", q.Limit, written(q.Own)))
}

// written is a limit in a version.
func written(limit *int64) string {
	if limit == nil {
		return "none"
	}
	return fmt.Sprint(*limit)
}
