package http

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// The subprotocols that a stream is asked for with. The ticket travels as one because a browser's WebSocket sends no
// header of the page's choosing, and an address ends up in logs and in the history.
const (
	binaryProtocol = "binary"
	ticketProtocol = "ticket."
)

// Faults of asking for a stream.
var (
	errUpgrade     = fault.ErrUpgradeRequired.Saying("The stream is a WebSocket (RFC 6455, version 13, over HTTP/1.1).")
	errSubprotocol = fault.New(fault.Invalid, "subprotocol_required", "Offer the stream's subprotocol, binary.")
)

// crossOrigin tells whether a page of another origin asks. Browsers always send the origin of a WebSocket's page, and
// recent ones send Sec-Fetch-Site; other programs send neither.
func crossOrigin(r *http.Request, own string) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return r.Header.Get("Sec-Fetch-Site") != ""
	}
	return strings.ToLower(origin) != own
}

// offeredProtocols returns the ticket among the subprotocols, and whether binary is one of them.
func offeredProtocols(r *http.Request) (ticket secret.Secret, binary bool) {
	for _, p := range headerTokens(r.Header, "Sec-WebSocket-Protocol") {
		if value, ok := strings.CutPrefix(p, ticketProtocol); ok && ticket.IsZero() {
			ticket = secret.Of(value)
		}
		binary = binary || p == binaryProtocol
	}
	return ticket, binary
}

// checkUpgrade refuses a request that cannot become the stream.
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

// headerTokens splits a header that is a list.
func headerTokens(h http.Header, name string) []string {
	var tokens []string
	for _, line := range h.Values(name) {
		for token := range strings.SplitSeq(line, ",") {
			tokens = append(tokens, strings.TrimSpace(token))
		}
	}
	return tokens
}
