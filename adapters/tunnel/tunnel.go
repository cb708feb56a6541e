package tunnel

import (
	"net/http"
	"time"

	"github.com/streamspace-dev/streamspace/ports/fault"
)

// The routes for agents. No other client uses them.
const (
	Prefix      = "/agent/v1/"
	connectPath = Prefix + "connect"
	streamsPath = Prefix + "streams"
)

// Route is the method and path of one endpoint for agents.
type Route struct{ Method, Path string }

// Routes lists every route of a Server; it serves no others. They are not in docs/openapi.yaml, so code that checks
// all routes must check this list, too.
var Routes = []Route{
	{http.MethodGet, connectPath},
	{http.MethodGet, streamsPath},
}

// The protocol's names. Both ends must use the same ones.
const (
	subprotocol = "streamspace.agent.v1"
	// streamProtocol is the WebSocket protocol of a stream, and streamUpgrade the upgrade of a raw one.
	streamProtocol = "streamspace.stream.v1"
	streamUpgrade  = "streamspace-stream"

	headerEpoch      = "StreamSpace-Epoch"
	headerUnconfined = "StreamSpace-Unconfined"
	headerSlots      = "StreamSpace-Slots"
	headerVersion    = "StreamSpace-Version"
	headerContact    = "StreamSpace-Contact"
	headerLimits     = "StreamSpace-Unenforced-Limits"
	headerStream     = "StreamSpace-Stream"
	headerSession    = "StreamSpace-Session"
	// headerHangUp marks the refusal that cuts an agent off: the agent closes the connection once it has read it.
	headerHangUp = "StreamSpace-Hang-Up"
	// noLimits is the value of headerLimits when every limit is enforced.
	noLimits = "none"
)

// Faults of the connection between the two ends. Users can see the first two. The others only reach the other end,
// which logs them; errNotPlaced refuses a report about a session that is placed on another agent by now.
var (
	errAgentUnreachable = fault.New(fault.Unavailable, "agent_unreachable",
		"Your desktop cannot be reached right now.").RetryIn(retryUnreachable)
	errNoDisplay = fault.New(fault.Unavailable, "display_unreachable",
		"Your desktop does not respond.").RetryIn(retryUnreachable)
	errControlUnreachable = fault.New(fault.Unavailable, "control_unreachable",
		"The control plane does not respond. The agent reconnects by itself.")
	errClosing = fault.New(fault.Unavailable, "closing", "The server is restarting.").
			RetryIn(time.Second)

	errNotPlaced     = fault.New(fault.NotFound, "session_not_placed", "The session is not placed on this agent.")
	errBadCredential = fault.New(fault.Unauthenticated, "bad_credential", "The agent's credential is missing or invalid.")
	errUnknownStream = fault.New(fault.NotFound, "unknown_stream", "The stream's id is unknown, or it was used already.")
	errBadEpoch      = fault.New(fault.Invalid, "bad_epoch", "The epoch is not a positive number.")
	errBadSlots      = fault.New(fault.Invalid, "bad_slots", "The number of slots is too large or not positive.")
	errBadContact    = fault.New(fault.Invalid, "bad_contact", "The number of the contact is not a positive number.")
	errBadVersion    = fault.New(fault.Invalid, "bad_version", "The agent's version is too long or not printable ASCII.")
	errBadLimits     = fault.New(fault.Invalid, "bad_limits", "The list of unenforced limits is not a known one.")
	errBadID         = fault.New(fault.Invalid, "bad_id", "The id is not a UUID.")
	errBadBody       = fault.New(fault.Invalid, "bad_body", "The request body is too large or not valid JSON.")
	errOrigin        = fault.New(fault.Forbidden, "origin_refused", "This address is for agents, not for browsers.")
	errNoPath        = fault.New(fault.NotFound, "not_found", "This address does not exist.")
	errUnexpected    = fault.New(fault.Internal, "unexpected_answer",
		"The response did not come from StreamSpace. Check the URL and any proxy in between.")
)

// retryUnreachable is how long to wait for an agent that does not respond. It is the longest delay between an agent's
// attempts to connect (lastWait), and some.
const retryUnreachable = 5 * time.Second

const (
	// putTimeout is short, because sessions.Nudger has eight senders, and an agent that does not respond occupies one of
	// them. No user's request waits for it. If the call is lost, the change is told again.
	putTimeout = 2 * time.Second
	// openTimeout covers the request, the agent's dial to the display and its dial back.
	openTimeout = 10 * time.Second
	// callTimeout bounds every other request between the two ends, and every call of link.Control.
	callTimeout = 10 * time.Second
	// drainTimeout is how long the handlers of a closed connection may take to return. Their context is done already.
	drainTimeout = 2 * time.Second
	// hangUpTimeout is how long an agent that is cut off may take to read why and to hang up. When the server closes
	// the connection at once instead, a busy agent may see "session shutdown" in place of the refusal.
	hangUpTimeout = time.Second
)

// maxProblem is the largest problem document in bytes. The WebSocket library keeps no more of a refused handshake.
const maxProblem = 1 << 10
