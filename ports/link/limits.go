package link

// Limits that the control plane and the agent share. Each end checks what it receives, so both must use the same
// numbers.
const (
	// PlacementPage is how many placements one answer holds; a shorter page is the last one. With 200 a host with a
	// thousand desktops is listed in six requests, and no page exceeds MaxAnswer.
	PlacementPage = 200
	// UnknownPage is how many unknown workloads an agent tells at once: 200 × 200 bytes fit into MaxMessage.
	UnknownPage = 200
	// MaxSpec bounds what a template runs, in bytes of its JSON. A page of placements has one for each session:
	// 200 × (16 KiB + 1 KiB for the rest of a placement) is 3.3 MiB, which fits into MaxAnswer.
	MaxSpec = 16 << 10
	// MaxMessage bounds a request's body in bytes. The largest is one session with its spec: four times MaxSpec
	// leaves room for what a later version adds, and an end that sends more cannot make the other hold it.
	MaxMessage = 64 << 10
	// MaxAnswer bounds an answer's body in bytes: a page of placements.
	MaxAnswer = 4 << 20
	// DefaultSlots is how many sessions an agent runs that states no number, and MaxSlots the most that it may state. A
	// desktop with a browser needs about 500 MB: 20 fit a host with 16 GB.
	DefaultSlots = 20
	MaxSlots     = 1000
	// MaxVersion bounds the version that an agent states, in bytes of printable ASCII. The column app.agents.version has
	// the same bound.
	MaxVersion = 100
	// MaxReason bounds the reason of a report in bytes. The column app.sessions.reason has the same bound.
	MaxReason = 64
	// MaxDetail bounds the detail of a report in bytes. The column app.sessions.detail has the same bound.
	MaxDetail = 2 << 10
	// CopyBuffer is the size in bytes of the buffer that copies a stream, on each hop between display and browser. It
	// is worth 20-35 % of throughput over the 32 KiB of io.Copy on a desktop's bulk updates.
	CopyBuffer = 64 << 10
)

// LimitNames lists the limits of sessions, in the order of the alphabet. The column app.agents.unenforced_limits has
// the same words and the same order.
func LimitNames() []string { return []string{"cpu", "disk", "memory", "processes"} }
