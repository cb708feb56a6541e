package http

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// The subprotocols of a request for a stream. The ticket is sent as one of them, because a page cannot add headers to a
// WebSocket request, and a ticket in the URL would appear in logs and in the browser's history.
const (
	binaryProtocol = "binary"
	ticketProtocol = "ticket."
)

// Faults of requests for a stream.
var (
	errUpgrade     = fault.ErrUpgradeRequired.Saying("The stream is a WebSocket (RFC 6455, version 13, over HTTP/1.1).")
	errSubprotocol = fault.New(fault.Invalid, "subprotocol_required", "Offer the stream's subprotocol, binary.")
)

// crossOrigin reports whether a page of another origin sent the request. The same-origin policy does not cover
// WebSockets, so that the server must check. Browsers always send the Origin of a WebSocket's page, and recent ones
// Sec-Fetch-Site; other programs send neither.
func crossOrigin(r *http.Request, own string) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return r.Header.Get("Sec-Fetch-Site") != ""
	}
	return strings.ToLower(origin) != own
}

// offeredProtocols returns the ticket among the subprotocols, and whether the client offers "binary". A server may only
// select a subprotocol that the client offered, and selecting the ticket would repeat it in the response.
func offeredProtocols(r *http.Request) (ticket secret.Secret, binary bool) {
	for _, p := range headerTokens(r.Header, "Sec-WebSocket-Protocol") {
		if value, ok := strings.CutPrefix(p, ticketProtocol); ok && ticket.IsZero() {
			ticket = secret.Of(value)
		}
		binary = binary || p == binaryProtocol
	}
	return ticket, binary
}

// checkUpgrade refuses a request that is not a valid WebSocket handshake (RFC 6455 §4.2.1). adapters/ws would refuse it
// too, but only after the ticket was redeemed.
func checkUpgrade(r *http.Request, binary bool) error {
	key, err := base64.StdEncoding.DecodeString(r.Header.Get("Sec-WebSocket-Key"))
	token := func(header, want string) bool {
		return slices.ContainsFunc(headerTokens(r.Header, header), func(got string) bool {
			return strings.EqualFold(got, want)
		})
	}
	switch {
	case r.ProtoMajor != 1, !token("Connection", "upgrade"), !token("Upgrade", "websocket"),
		r.Header.Get("Sec-WebSocket-Version") != "13", err != nil, len(key) != 16:
		return errUpgrade
	case !binary:
		return errSubprotocol
	default:
		return nil
	}
}

// headerTokens splits a header that is a comma-separated list, also over several lines.
func headerTokens(h http.Header, name string) []string {
	var tokens []string
	for _, line := range h.Values(name) {
		for token := range strings.SplitSeq(line, ",") {
			tokens = append(tokens, strings.TrimSpace(token))
		}
	}
	return tokens
}
