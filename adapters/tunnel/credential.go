package tunnel

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// present writes the agent's id, secret and epoch into the headers of a request.
func present(h http.Header, hello link.Hello) {
	h.Set("Authorization", "Bearer "+hello.Agent.String()+"."+hello.Secret.Reveal())
	if hello.Epoch != 0 {
		h.Set(headerEpoch, strconv.FormatInt(hello.Epoch, 10))
	}
	if hello.Unconfined {
		h.Set(headerUnconfined, "true")
	}
	if hello.Slots != 0 {
		h.Set(headerSlots, strconv.Itoa(hello.Slots))
	}
	if hello.Version != "" {
		h.Set(headerVersion, hello.Version)
	}
	if hello.Contact != 0 {
		h.Set(headerContact, strconv.FormatInt(hello.Contact, 10))
	}
	if hello.UnenforcedLimits != nil {
		h.Set(headerLimits, cmp.Or(strings.Join(hello.UnenforcedLimits, ","), noLimits))
	}
}

// presented reads what present wrote. It checks the format only; link.Control checks the credential.
func presented(h http.Header) (link.Hello, error) {
	value, ok := strings.CutPrefix(h.Get("Authorization"), "Bearer ")
	id, key, dotted := strings.Cut(value, ".")
	agent, err := uuid.Parse(id)
	if !ok || !dotted || err != nil || key == "" {
		return link.Hello{}, errBadCredential
	}
	hello := link.Hello{Agent: agent, Secret: secret.Of(key), Unconfined: h.Get(headerUnconfined) == "true"}
	if epoch := h.Get(headerEpoch); epoch != "" {
		hello.Epoch, err = strconv.ParseInt(epoch, 10, 64)
		if err != nil || hello.Epoch <= 0 {
			return link.Hello{}, errBadEpoch.Saying("The header %s is not a positive number.", headerEpoch)
		}
	}
	if slots := h.Get(headerSlots); slots != "" {
		hello.Slots, err = strconv.Atoi(slots)
		if err != nil || hello.Slots < 1 || hello.Slots > link.MaxSlots {
			return link.Hello{}, errBadSlots.Saying("The header %s is not a number from 1 to %d.", headerSlots, link.MaxSlots)
		}
	}
	if hello.Contact, err = contact(h.Get(headerContact)); err != nil {
		return link.Hello{}, err
	}
	hello.Version = h.Get(headerVersion)
	if len(hello.Version) > link.MaxVersion || strings.ContainsFunc(hello.Version, unprintable) {
		return link.Hello{}, errBadVersion
	}
	hello.UnenforcedLimits, err = unenforcedLimits(h.Get(headerLimits))
	return hello, err
}

// unenforcedLimits reads a list of limits. Agents did not tell them before, so that no list is nil.
func unenforcedLimits(text string) ([]string, error) {
	switch text {
	case "":
		return nil, nil
	case noLimits:
		return []string{}, nil
	}
	listed := strings.Split(text, ",")
	known := slices.DeleteFunc(link.LimitNames(), func(name string) bool { return !slices.Contains(listed, name) })
	if !slices.Equal(listed, known) {
		return nil, errBadLimits.Saying("The header %s is not %s, or some of %s in this order, each once.",
			headerLimits, noLimits, strings.Join(link.LimitNames(), ","))
	}
	return listed, nil
}

// unprintable tells a character that is not printable ASCII.
func unprintable(c rune) bool { return c < ' ' || c > '~' }

// noBrowser refuses a request with an Origin header. Browsers send one with every WebSocket, agents never do. So a
// web page cannot use these routes through a user's browser.
func noBrowser(r *http.Request) error {
	if r.Header.Get("Origin") != "" {
		return errOrigin
	}
	return nil
}

// upgradesTo reports whether the request asks for exactly this protocol.
func upgradesTo(r *http.Request, protocol string) bool {
	return r.Method == http.MethodGet && r.ProtoMajor == 1 && strings.EqualFold(r.Header.Get("Upgrade"), protocol) &&
		strings.Contains(strings.ToLower(r.Header.Get("Connection")), "upgrade")
}

// offers reports whether the client of a WebSocket offers this subprotocol.
func offers(r *http.Request, protocol string) bool {
	for offered := range strings.SplitSeq(r.Header.Get("Sec-WebSocket-Protocol"), ",") {
		if strings.TrimSpace(offered) == protocol {
			return true
		}
	}
	return false
}

// contact reads the number of a contact. Agents did not count before, so that none is zero.
func contact(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 {
		return 0, errBadContact
	}
	return n, nil
}
