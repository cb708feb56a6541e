package quotas

import "github.com/streamspace-dev/streamspace/modules/events"

// Applies is the data of the quota's event: what applies now.
type Applies struct {
	Sessions  AppliesToSessions `json:"sessions"`
	Memory    Limits            `json:"memory,omitzero"` // absent, as the others: without a limit
	CPU       Limits            `json:"cpu,omitzero"`
	Processes Limits            `json:"processes,omitzero"`
	Disk      Limits            `json:"disk,omitzero"`
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
func (q Quota) applies() Applies {
	sessions := Resource{Ceiling: Limits{&q.Ceiling.PerOrg, &q.Ceiling.PerUser}, Own: q.Own}.Applies()
	return Applies{
		Sessions: AppliesToSessions{*sessions.PerOrg, *sessions.PerUser},
		Memory:   q.Resources[Memory].Applies(), CPU: q.Resources[CPU].Applies(),
		Processes: q.Resources[Processes].Applies(), Disk: q.Resources[Disk].Applies(),
	}
}
