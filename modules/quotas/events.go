package quotas

import "github.com/streamspace-dev/streamspace/modules/events"

// Applies is the data of the quota's event: what applies now.
type Applies struct {
	Sessions AppliesToSessions `json:"sessions"`
}

// AppliesToSessions are the lower ones of what operators and admins allow.
type AppliesToSessions struct {
	PerOrg  int64 `json:"per_org"`
	PerUser int64 `json:"per_user"` // each member without a limit of their own
}

// OwnLimit is the data of the event of a member's own limit.
type OwnLimit struct {
	Sessions OwnLimitOfSessions `json:"sessions"`
}

// OwnLimitOfSessions has the limit, or null without one.
type OwnLimitOfSessions struct {
	OwnLimit *int64 `json:"own_limit"`
}

var (
	updated       = events.Declare[Applies]("quota.updated", events.Everyone)
	memberUpdated = events.Declare[OwnLimit]("member_quota.updated", events.Owner)
)

// EventTypes lists the events of quotas. Every member sees the organisation's; of members' own limits they see theirs.
// The function by which operators change the quota writes the first one too.
func EventTypes() []events.Type { return []events.Type{updated.Type, memberUpdated.Type} }

// applies is the event's data for these limits.
func applies(c Ceiling, own Limits) Applies {
	least := func(ceiling int64, limit *int64) int64 {
		if limit == nil {
			return ceiling
		}
		return min(ceiling, *limit)
	}
	return Applies{AppliesToSessions{least(c.PerOrg, own.PerOrg), least(c.PerUser, own.PerUser)}}
}
