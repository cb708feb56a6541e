package attack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

const (
	// streamTimeout is above what a stream takes to open and to answer on a machine that does much else.
	streamTimeout = 60 * time.Second
	// endTimeout is far above what one takes to end whose right was withdrawn, and below the look each 30 s that would
	// end it as well.
	endTimeout = 20 * time.Second
)

// pass is a ticket.
type pass struct {
	label   string
	access  *access
	session *modelSession
	text    string
	used    bool
	made    time.Time
}

// viewing is a stream that is kept open.
type viewing struct {
	pass     *pass
	role     org.Role // as which it was opened
	socket   *websocket.Conn
	ended    chan error // what reading it came to, after the echo
	cut      bool       // its agent was replaced
	doubtful bool       // it had no right to go on at some time
}

func (f *arena) createTicket(t *rapid.T) *shot {
	w := f.asker(t)
	return f.ticketFor(t, w, f.name(t, "session", w.of(f)))
}

func (f *arena) ticketFor(t *rapid.T, w *asking, i identifier) *shot {
	q := request{
		operation: "createTicket", method: http.MethodPost, path: "/api/v1/sessions/" + i.text + "/tickets", target: i.label,
		form: i.form, changes: true,
	}
	var k *pass
	return f.apiShot(t, w, q, func(w *asking, role org.Role) verdict {
		of := w.access.of
		n := slices.IndexFunc(of.sessions, func(s *modelSession) bool { return s.id == i.id })
		switch {
		case n < 0 || !of.sessions[n].seenBy(w.access.who, role):
			return of.missed("session", i.id)
		case of.sessions[n].endWanted || of.sessions[n].state.Final():
			return ended
		}
		label := fmt.Sprintf("%s.k%d", of.label, len(of.tickets))
		k = &pass{label: label, access: w.access, session: of.sessions[n], made: time.Now()}
		return verdict{status: 201}
	}, func(body []byte) error {
		var got struct {
			Ticket  string `json:"ticket"`
			Expires int    `json:"expires_in"`
		}
		if err := decode(body, &got); err != nil {
			return err
		}
		if k.text = got.Ticket; k.text == "" || got.Expires != 30 {
			return errors.New("no ticket, or one that lasts for another time")
		}
		k.access.of.tickets = append(k.access.of.tickets, k)
		return nil
	})
}

// visit asks for a ticket to a session of one's own organisation that goes on, and uses it at once.
func (f *arena) visit(t *rapid.T) *shot {
	w := f.asker(t)
	r := w.of(f)
	on := slices.DeleteFunc(slices.Clone(r.sessions), func(s *modelSession) bool { return s.endWanted || s.state.Final() })
	if len(on) == 0 {
		return f.createSession(t)
	}
	at, keep := pick(t, "session", on).known(), rarely(t, "kept", 3)
	s := f.ticketFor(t, w, at)
	ask := s.fire
	s.fire = func() *difference {
		before := len(r.tickets)
		if d := ask(); d != nil || len(r.tickets) == before {
			return d
		}
		k := r.tickets[before]
		return f.open(s, offer{ticket: k, text: k.text, at: at, binary: true, keep: keep})
	}
	return s
}

// known is a session's id as it should be written.
func (s *modelSession) known() identifier {
	return identifier{label: s.label, id: s.id, text: s.id.String()}
}

// offer is how a stream is asked for.
type offer struct {
	ticket        *pass // nil: none that was given out
	text          string
	at            identifier
	origin        string
	binary, plain bool // plain is a request that is no handshake
	keep          bool
}

// stream asks for a stream with a ticket, perhaps used before, perhaps for another session, perhaps from elsewhere.
func (f *arena) stream(t *rapid.T) *shot {
	r := pick(t, "realm", f.realms)
	o := offer{text: secret.New().Reveal(), binary: true, at: f.name(t, "session", r), keep: rarely(t, "kept", 6)}
	label := "a ticket of nothing"
	if len(r.tickets) > 0 && !rarely(t, "forged", 10) {
		from := slices.DeleteFunc(slices.Clone(r.tickets), func(k *pass) bool { return k.used })
		if len(from) == 0 || rarely(t, "any", 4) {
			from = r.tickets
		}
		o.ticket = pick(t, "ticket", from)
		o.text, label = o.ticket.text, o.ticket.label
	}
	s := &shot{of: r}
	switch rapid.IntRange(0, 15).Draw(t, "offered") {
	default:
		if o.ticket != nil {
			o.at = o.ticket.session.known()
		}
	case 9, 10, 11: // at another session of the same organisation
		if len(r.sessions) > 0 {
			o.at = pick(t, "other session", r.sessions).known()
		}
	case 12: // at another one, wherever
	case 13:
		o.origin, label = foreignOrigin, label+" from elsewhere"
	case 14:
		o.binary, label = false, label+" without a subprotocol"
	case 15:
		o.plain, label = true, label+" without a handshake"
	}
	s.what = fmt.Sprintf("stream %s with %s", o.at.label, label)
	s.fire = func() *difference { return f.open(s, o) }
	return s
}

// open asks for the stream, unless it would have to wait for its session.
func (f *arena) open(s *shot, o offer) *difference {
	k := o.ticket
	if k != nil && (time.Since(k.made) > fresh || !f.hurry(k.session)) {
		s.what += " (left out)"
		return nil
	}
	for _, d := range s.of.sessions {
		if d.id == o.at.id {
			f.hurry(d) // one that is opened by mistake shows at once, too
		}
	}
	want := f.mayOpen(o)
	scope := s.of
	if k == nil {
		scope = nil
	}
	socket, got, err := f.dial(o)
	if err != nil {
		return &difference{"no answer", err.Error()}
	}
	if d := s.judge(scope, want, got, nil); d != nil || got.status != http.StatusSwitchingProtocols {
		if socket != nil {
			socket.CloseNow()
		}
		return d
	}
	if k.session.owner != k.access.who {
		k.access.of.audit["session.connect"]++
	}
	v := &viewing{pass: k, role: k.access.role(), socket: socket, ended: make(chan error, 1)}
	if err := v.meet(); err != nil {
		socket.CloseNow()
		return &difference{"the stream is not that session's", err.Error()}
	}
	if !o.keep {
		socket.CloseNow()
		return nil
	}
	s.what += " (kept open)"
	go func() { _, _, err := socket.Read(context.Background()); v.ended <- err }()
	s.of.streams = append(s.of.streams, v)
	return nil
}

// hurry has a session's agent say that it runs, so that its stream need not wait; false: it would wait all the same.
func (f *arena) hurry(s *modelSession) bool {
	if s.endWanted || s.state.Final() || s.state == link.Running {
		return true
	}
	if s.state == link.Terminating { // only its agent reports it
		return false
	}
	f.must(s.of.agent.observe(link.Report{Session: s.id, State: link.Running, Generation: 1}))
	s.report(link.Running, "")
	return true
}

// mayOpen says what asking for a stream must be answered, in the order in which things are looked at. It uses up the
// ticket.
func (f *arena) mayOpen(o offer) verdict {
	k := o.ticket
	switch {
	case o.origin != "":
		return crossOrigin
	case o.plain:
		return verdict{426, "upgrade_required"}
	case !o.binary:
		return verdict{400, "subprotocol_required"}
	case k == nil || k.used || k.access.gone:
		return verdict{401, "ticket_invalid"}
	}
	k.used = true
	of := k.access.of
	switch {
	case k.access.role() == org.RoleViewer:
		return forbidden
	case o.at.form != proceed:
		return o.at.form
	case of.suspended:
		return signedOut
	case o.at.id != k.session.id, !k.session.seenBy(k.access.who, k.access.role()):
		return of.missed("session", o.at.id)
	case k.session.endWanted || k.session.state.Final():
		return ended
	default:
		return verdict{status: http.StatusSwitchingProtocols}
	}
}

func (f *arena) dial(o offer) (*websocket.Conn, answered, error) {
	path := "/api/v1/sessions/" + o.at.text + "/stream"
	protocols := []string{"ticket." + o.text}
	if o.binary {
		protocols = append(protocols, "binary")
	}
	header := http.Header{}
	if o.origin != "" {
		header.Set("Origin", o.origin)
	}
	if o.plain {
		header.Set("Sec-WebSocket-Protocol", strings.Join(protocols, ", "))
		got, err := f.send(request{method: http.MethodGet, path: path, header: header}, nil)
		return nil, got, err
	}
	return f.dialAt(path, header, protocols)
}

// dialAt asks for a WebSocket. The answer has the body of a refusal.
func (f *arena) dialAt(path string, header http.Header, protocols []string) (*websocket.Conn, answered, error) {
	f.attack.requests.Add(1)
	f.attack.noteOperation(http.MethodGet, path)
	ctx, cancel := context.WithTimeout(context.Background(), streamTimeout)
	defer cancel()
	//nolint:bodyclose // the answer's body is the WebSocket, or a copy of a refusal's
	socket, response, err := websocket.Dial(ctx, f.attack.URL+path, &websocket.DialOptions{
		HTTPClient: f.attack.Client, HTTPHeader: header, Subprotocols: protocols,
	})
	if response == nil {
		return nil, answered{}, err
	}
	got := answered{status: response.StatusCode, header: response.Header}
	if err != nil {
		got.body, err = io.ReadAll(response.Body)
	}
	return socket, got, err
}

// greeting is what a session's display says first.
func (s *modelSession) greeting() []byte { return greeting(s.id, s.of) }

func greeting(id uuid.UUID, of *realm) []byte {
	return []byte("RFB of " + id.String() + " in " + of.canary)
}

// meet reads the display's greeting and has something said back.
func (v *viewing) meet() error {
	if err := v.hear(v.pass.session.greeting()); err != nil {
		return err
	}
	word := []byte("hello from " + v.pass.text)
	if err := v.say(word); err != nil {
		return err
	}
	return v.hear(word)
}

func (v *viewing) say(word []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), streamTimeout)
	defer cancel()
	return v.socket.Write(ctx, websocket.MessageBinary, word)
}

// hear reads exactly what is expected, in however many pieces.
func (v *viewing) hear(want []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), streamTimeout)
	defer cancel()
	var got []byte
	for len(got) < len(want) {
		_, piece, err := v.socket.Read(ctx)
		if err != nil {
			return fmt.Errorf("after %q: %w", got, err)
		}
		got = append(got, piece...)
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("it said %q, want %q", got, want)
	}
	return nil
}

// withdrawn tells whether a stream has no right to go on.
func (v *viewing) withdrawn() bool {
	k := v.pass
	return v.cut || !k.access.holds() || k.access.role() != v.role || k.session.endWanted || k.session.state.Final()
}

func (r *realm) noteStreams() {
	for _, v := range r.streams {
		v.doubtful = v.doubtful || v.withdrawn()
	}
}

// settled looks at a stream at the end: one whose right was withdrawn has ended or does so now, and the others go on.
func (v *viewing) settled() error {
	switch {
	case v.withdrawn():
		select {
		case <-v.ended:
			return nil
		case <-time.After(endTimeout):
			return errors.New("it goes on though its right was withdrawn")
		}
	case v.doubtful: // its right came back before the next check of the access
		return nil
	}
	if err := v.say([]byte{'.'}); err != nil {
		return fmt.Errorf("it ended although nothing was withdrawn: %w", err)
	}
	select {
	case err := <-v.ended: // the echo was read by the goroutine that waits for the end
		if err != nil {
			return fmt.Errorf("it ended although nothing was withdrawn: %w", err)
		}
		return nil
	case <-time.After(streamTimeout):
		return errors.New("it says nothing any more")
	}
}
