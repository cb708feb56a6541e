// Package tunnel implements both ends of an agent's connection to the control plane. Server is the control plane's
// end, Client is the agent's.
//
// The agent always dials out, so its host needs no open port. It makes one control connection: a WebSocket with yamux
// inside. On it each end serves HTTP to the other. For each stream, of a desktop or of a session's output, the agent
// makes one more connection, a WebSocket, or a raw upgrade where the operator says that no proxy stands between.
// Streams do not share the control connection, because one stalled browser would then delay every other stream and
// every command.
//
// # Who uses it
//
//   - app/server makes one Server. adapters/http passes requests below /agent/v1/ to it. sessions.Nudger calls Put
//     after each change of what a session should be, adapters/ws calls Open for each browser, and adapters/ws/feed
//     calls Log for each reader of output. The Server asks link.Control, which modules/agents and modules/sessions
//     implement.
//   - app/agent makes one Client. modules/reconciler is its AgentHandler, and calls Placements and Observe.
//
// # Messages
//
// "Outer" requests open a connection. They carry the agent's id, secret and epoch as headers, and what the agent says
// of itself (credential.go). A request with an Origin header is refused, because it comes from a browser. "Inner"
// requests travel on the control connection, as JSON; the connection says which agent sends them. An error is a
// problem document with a code.
//
//	from the agent, outer  GET  /agent/v1/connect                    the control connection
//	from the agent, outer  GET  /agent/v1/streams                    one stream that was asked for: the dial-back
//	from the agent, inner  GET  /placements?after={id}&contact={n}   the sessions placed on it, 200 at a time
//	                       PUT  /unknown                             what runs without a placement; answer: what must end
//	from the agent, inner  PUT  /sessions/{id}/observed              a link.Report
//	to the agent, inner    PUT  /sessions/{id}                       a link.Desired: the nudge
//	to the agent, inner    POST /streams                             dial back with this one-time id
//	to the agent, inner    POST /logs                                dial back with a session's output
//
// # What happens on a connection
//
//  1. The Server checks the handshake and then the credential. The order matters: with an epoch of zero, which a new
//     process sends, the check of the credential raises the agent's epoch and so ends the older process. The response
//     has the new epoch. When the connection is lost, the same process presents that epoch again and keeps it.
//  2. The new connection replaces the previous one of the same agent. If its epoch is newer, the streams of the older
//     process are closed.
//  3. The first page of each sync checks the credential again, and so does a report that is refused. The agent is
//     cut off if its credential was revoked, if a newer process has replaced it, or if it is unconfined and there is
//     now more than one organisation. Its streams then close at once, every request is refused, and the refusal
//     tells it to close the connection. The agent connects again and is refused there. A replaced process ends (Run
//     returns an error). In the other two cases the agent tries again every 5 s, until an operator acts.
//
// # What happens for a stream
//
//  1. Open makes a one-time id and sends it to the agent, which dials the display on its host.
//  2. The agent responds 202 and dials back at the same time, so that the dial-back may arrive first.
//  3. The Server checks the dial-back against the agent's control connection, in memory: the same secret, the same
//     epoch, and the id of a stream that was asked of this process for this session. It hands the connection to Open.
//  4. The agent copies bytes between the display and its end (Splice), adapters/ws between the browser and the other
//     end, until one of them closes.
//
// A stream does not need the control connection any more. It outlives a reconnect of the same process. A new stream
// cannot open while there is no control connection.
//
// # When something fails
//
//   - The agent is not connected, or does not respond in time: Put and Open return "agent_unreachable", and the caller
//     may retry in 5 s. The loss of the control connection ends a waiting Open at once.
//   - The agent has no output of a session, or is too old to keep any: Log returns link.ErrNoLog.
//   - The agent refuses to open a stream, for whatever reason: Open returns "display_unreachable".
//   - Nothing happens: both ends send heartbeats on every connection, at most 10 s apart, so that no proxy closes it. A
//     raw stream has none.
//   - The control connection is lost: both ends notice within 10 s. The agent's sessions and streams go on. Observe and
//     Placements fail with "control_unreachable" until Run has connected again, after 0 to 1 s.
//   - A Put is lost: the control plane tells it again within a second.
//   - The server stops: Run closes everything, and the agents connect to the next process. Until this process ends, it
//     refuses new control connections with "closing".
//
// # To add a message from the agent
//
//  1. Add a method to link.Control, the receiving end, and one to link.Upstream, the sending end.
//  2. Here, add a route with a handler to Server.routes, and a method of Client that uses Client.call with that path.
//  3. Implement the method of link.Control in modules/agents or modules/sessions (app/server/wire.go joins the two),
//     and in the fake of rig_test.go.
//
// An older control plane does not know the path. Its 404 has no code, so that the agent gets a NotFound fault with the
// code "unexpected_answer". A new member of an existing message is simpler: each end ignores members that it does not
// know.
package tunnel
