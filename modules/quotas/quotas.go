// Package quotas has how many sessions an organisation and its members may have at the same time, and how much memory,
// CPU, processes and disk those may state together. adapters/http calls Service.
//
// Operators set a ceiling for the organisation and for each member (modules/orgs). Admins set lower limits, and for one
// member a limit of their own. A trigger of the database counts the sessions and refuses those above the limits, so
// that no race and no writer gets past them. Of memory and the like it adds up what the templates of the sessions state
// that have not ended. Under such a limit a template that states none cannot be launched, because no one knows what it
// would use.
package quotas

import (
	"fmt"
	"strings"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/version"
)

// ErrAboveCeiling is the fault of a limit above what operators allow. It names the field and the ceiling.
var ErrAboveCeiling = fault.New(fault.Conflict, "above_ceiling", "Operators allow less.")

// Kind is what is limited.
type Kind string

// The kinds, as the database, the API and events name them. All but sessions are members of a template's spec.
const (
	Sessions  Kind = "sessions"
	Memory    Kind = "memory" // in MiB
	CPU       Kind = "cpu"    // in thousandths of a processor
	Processes Kind = "processes"
	Disk      Kind = "disk" // in MiB
)

// Resources lists the kinds that templates state.
func Resources() []Kind { return []Kind{Memory, CPU, Processes, Disk} }

// Ceiling is what operators allow at most.
type Ceiling struct{ PerOrg, PerUser int64 }

// Limits are what admins allow. A nil limit is as high as the ceiling.
type Limits struct {
	PerOrg  *int64 `json:"per_org,omitempty"`
	PerUser *int64 `json:"per_user,omitempty"` // for each member who has no limit of their own
}

// Resource is how much of a kind the sessions may state together that have not ended, and do.
type Resource struct {
	Ceiling               Limits // what operators allow at most; a nil one is no limit
	Own                   Limits
	UsedByOrg, UsedByUser int64 // by all, and by the caller
}

// Applies returns the lower ones of what operators and admins allow.
func (r Resource) Applies() Limits {
	return Limits{lower(r.Ceiling.PerOrg, r.Own.PerOrg), lower(r.Ceiling.PerUser, r.Own.PerUser)}
}

func lower(a, b *int64) *int64 {
	if a == nil || b != nil && *b < *a {
		return b
	}
	return a
}

// Quota is how many sessions may be active at the same time, and how many are. An active session counts until it has
// ended.
type Quota struct {
	PerOrg, PerUser       int64 // what applies to the organisation, and to the caller
	UsedByOrg, UsedByUser int64 // by all, and by the caller
	Ceiling               Ceiling
	Own                   Limits
	Resources             map[Kind]Resource // each of Resources()
}

// Version names the limits alone: an admin who sets them need not look again after each session that begins.
func (q Quota) Version() version.Version {
	var all strings.Builder
	fmt.Fprintf(&all, "%d.%d.%s", q.Ceiling.PerOrg, q.Ceiling.PerUser, q.Own)
	for _, k := range Resources() {
		fmt.Fprintf(&all, ".%s.%s", q.Resources[k].Ceiling, q.Resources[k].Own)
	}
	return version.Version(all.String())
}

// String is both limits in a version.
func (l Limits) String() string { return written(l.PerOrg) + "." + written(l.PerUser) }

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
