// Package tunnel is both ends of an agent's connection to the control plane. The agent dials out, always: one control
// connection (a WebSocket with yamux inside), on which either end serves plain HTTP and asks the other by a plain
// http.Client, and one raw HTTP upgrade for each stream. Bulk bytes never ride on the control connection, so a stalled
// stream holds up nothing but itself.
package tunnel

import (
	"net/http"
	"time"

	"github.com/streamspace-dev/streamspace/ports/fault"
)

// Where the control plane answers to agents. No other client has business below this prefix.
const (
	Prefix      = "/agent/v1/"
	connectPath = Prefix + "connect"
	streamsPath = Prefix + "streams"
)

// Route is one method and path at which the control plane answers to agents.
type Route struct{ Method, Path string }

// Routes lists every route of a Server; it serves these and nothing else. They are not part of the public API, so that
// whatever walks all routes walks this list as well.
var Routes = []Route{
	{http.MethodGet, connectPath},
	{http.MethodGet, streamsPath},
}

// What the two ends agree upon.
const (
	subprotocol   = "streamspace.agent.v1"
	streamUpgrade = "streamspace-stream"

	headerEpoch      = "StreamSpace-Epoch"
	headerUnconfined = "StreamSpace-Unconfined"
	headerStream     = "StreamSpace-Stream"
	headerSession    = "StreamSpace-Session"
	// headerHangUp marks the refusal that cuts an agent off: the agent closes the connection once it has read it.
	headerHangUp = "StreamSpace-Hang-Up"
)

// Faults of the connection between the two ends.
var (
	errAgentUnreachable = fault.New(fault.Unavailable, "agent_unreachable", "The host of this desktop does not answer.").
				RetryIn(retryUnreachable)
	errNoDisplay = fault.New(fault.Unavailable, "display_unreachable", "The desktop does not answer.").
			RetryIn(retryUnreachable)
	errControlUnreachable = fault.New(fault.Unavailable, "control_unreachable", "The control plane does not answer.")
	errClosing            = fault.New(fault.Unavailable, "closing", "This replica is shutting down.").RetryIn(time.Second)

	errNotPlaced     = fault.New(fault.NotFound, "session_not_placed", "The session is not placed on this agent.")
	errBadCredential = fault.New(fault.Unauthenticated, "bad_credential", "An agent's credential is needed.")
	errUnknownStream = fault.New(fault.NotFound, "unknown_stream", "No stream is expected under this id.")
	errBadEpoch      = fault.New(fault.Invalid, "bad_epoch", "The epoch is not a positive number.")
	errBadID         = fault.New(fault.Invalid, "bad_id", "The id is not a UUID.")
	errBadBody       = fault.New(fault.Invalid, "bad_body", "The request's body cannot be read.")
	errOrigin        = fault.New(fault.Forbidden, "origin_refused", "This address is for agents.")
	errNoPath        = fault.New(fault.NotFound, "not_found", "There is nothing at this address.")
	errUnexpected    = fault.New(fault.Internal, "unexpected_answer", "The answer did not come from StreamSpace.")
)

// retryUnreachable is how long to wait for a host that does not answer. An agent dials again within 5 seconds.
const retryUnreachable = 5 * time.Second

const (
	// putTimeout is short: the caller that changed a session waits for it, and the next sync makes good a lost one.
	putTimeout = 2 * time.Second
	// openTimeout covers the request, the agent's dial to the display and its dial back.
	openTimeout = 10 * time.Second
	// callTimeout bounds every other request between the two ends, and every call of link.Control.
	callTimeout = 10 * time.Second
	// drainTimeout is how long a closed connection's handlers may take to notice. They run on a context that is done.
	drainTimeout = 2 * time.Second
	// hangUpTimeout is how long an agent that is cut off may take to read why and to hang up. When the server closes the
	// connection at once instead, a busy agent may see "session shutdown" in place of the refusal.
	hangUpTimeout = time.Second
)

// maxProblem bounds an answer that refuses, in bytes. Of a refused WebSocket handshake no more can be read.
const maxProblem = 1 << 10
