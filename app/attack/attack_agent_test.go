package attack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/streamspace-dev/streamspace/adapters/tunnel"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// outpost is an agent without a runtime: it says of the sessions that are placed on it whatever was drawn, and their
// displays greet with the session's id.
type outpost struct {
	f      *arena
	label  string
	id     uuid.UUID
	secret secret.Secret
	realms []*realm
	epoch  int64

	client *tunnel.Client
	stop   context.CancelFunc
	ended  chan struct{}
	result error // of its process, once that has ended
	up     chan struct{}

	mu    sync.Mutex
	told  []link.Desired // by the control plane of its own accord
	asked []uuid.UUID    // displays that are not of its realms
}

func newOutpost(f *arena, label string, realms []*realm) *outpost {
	p := &outpost{f: f, label: label, id: uuid.Must(uuid.NewV7()), secret: secret.New(), realms: realms}
	for _, r := range realms {
		r.agent = p
	}
	return p
}

func (p *outpost) enrol() error {
	hash := p.secret.Hash()
	return p.f.operate("enrol_agent('test', $1, $2, $3)", p.id, "agent-"+p.id.String(), hash[:])
}

// connect starts a process of the agent and waits until the control plane answers it.
func (p *outpost) connect() error {
	client, err := tunnel.NewClient(tunnel.ClientConfig{
		URL: p.f.attack.URL, Agent: p.id, Secret: p.secret, Slots: link.MaxSlots, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.client, p.stop, p.ended, p.up = client, cancel, make(chan struct{}), make(chan struct{}, 1)
	go func() { p.result = client.Run(ctx, p); close(p.ended) }()
	select {
	case <-p.up:
	case <-time.After(streamTimeout):
		return errors.New("the agent does not get through")
	}
	p.f.attack.requests.Add(1)
	p.epoch = client.Epoch()
	_, err = client.Placements(ctx)
	return err
}

func (p *outpost) disconnect() {
	p.stop()
	<-p.ended
}

// Connected implements tunnel.AgentHandler.
func (p *outpost) Connected(context.Context) {
	select {
	case p.up <- struct{}{}:
	default: // it was told
	}
}

// Put implements tunnel.AgentHandler.
func (p *outpost) Put(_ context.Context, d link.Desired) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = append(p.told, d)
}

// Dial implements tunnel.AgentHandler. A display says back whatever it is told.
func (p *outpost) Dial(_ context.Context, session uuid.UUID) (net.Conn, error) {
	of := p.f.ownerOf("session", session)
	if !slices.Contains(p.realms, of) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.asked = append(p.asked, session)
		return nil, errors.New("not here")
	}
	near, far := net.Pipe()
	go func() {
		defer far.Close()
		if _, err := far.Write(greeting(session, of)); err == nil {
			_, _ = io.Copy(far, far) // until the viewer has gone
		}
	}()
	return near, nil
}

// Log implements tunnel.AgentHandler. The output names the session and its realm.
func (p *outpost) Log(_ context.Context, session uuid.UUID, _ link.LogQuery) (io.ReadWriteCloser, error) {
	of := p.f.ownerOf("session", session)
	if !slices.Contains(p.realms, of) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.asked = append(p.asked, session)
		return nil, link.ErrNoLog
	}
	near, far := net.Pipe()
	go func() {
		defer far.Close()
		part := link.LogPart{Kind: link.LogLine, Seq: 1, Time: time.Now(), Text: string(greeting(session, of))}
		if err := json.NewEncoder(far).Encode(part); err == nil {
			_, _ = io.Copy(io.Discard, far) // until the reader has gone
		}
	}()
	return near, nil
}

func (p *outpost) observe(r link.Report) error {
	p.f.attack.requests.Add(1)
	return p.client.Observe(context.Background(), r)
}

// report has an agent say something about a session: one of its own, another agent's, or one that is not there.
func (f *arena) report(t *rapid.T) *shot {
	p, r := pick(t, "agent", f.posts), pick(t, "realm", f.realms)
	said := link.Report{
		Session: uuid.Must(uuid.NewV7()), Reason: "seen", Generation: 1,
		State: pick(t, "state", []link.State{
			"running", "starting", "terminated", "failed", "pending", "terminating", "asleep",
		}),
	}
	var of *modelSession
	label := "a session of nothing"
	if len(r.sessions) > 0 && !rarely(t, "unknown", 8) {
		of = pick(t, "session", r.sessions)
		said.Session, label = of.id, of.label
	}
	if slices.Contains(p.realms, r) {
		said.Reason = "seen_in_" + r.canary // a realm's own word, so that it must not be shown to others
	} else { // of its own it would keep the realm's next sessions waiting for a minute
		said.HostFault = rapid.Bool().Draw(t, "host's fault")
	}
	s := &shot{of: r, what: fmt.Sprintf("%s: report %s %s", p.label, label, said.State)}
	if !slices.Contains(p.realms, r) {
		s.of = p.realms[0]
	}
	s.fire = func() *difference {
		want := "session_not_placed"
		switch {
		case said.State == "asleep":
			want = "invalid_report"
		case of != nil && r.agent == p:
			want = of.report(said.State, said.Reason)
		}
		return s.refused(want, p.observe(said))
	}
	return s
}

// refused compares the code with which an agent was refused; empty: it was not.
func (s *shot) refused(want string, err error) *difference {
	was := ""
	if err != nil {
		was = fault.Of(err).Code
	}
	if s.what += " → taken"; was != "" {
		s.what = strings.TrimSuffix(s.what, "taken") + was
	}
	if was != want {
		return &difference{fmt.Sprintf("want %q", want), fmt.Sprint(err)}
	}
	return nil
}

// placements compares what an agent is told with what is placed on it, in all of its realms.
func (f *arena) placements(t *rapid.T) *shot {
	p := pick(t, "agent", f.posts)
	s := &shot{of: p.realms[0], what: p.label + ": placements"}
	s.fire = func() *difference {
		f.attack.requests.Add(1)
		got, err := p.client.Placements(context.Background())
		if err != nil {
			return &difference{"no answer", err.Error()}
		}
		var is, want []string
		for _, d := range got {
			is = append(is, fmt.Sprint(d.Session, d.Namespace, d.Run, d.State, d.Spec.Command))
		}
		var placed []*modelSession
		for _, r := range p.realms {
			placed = append(placed, r.sessions...)
		}
		slices.SortFunc(placed, func(a, b *modelSession) int { return bytes.Compare(a.id[:], b.id[:]) })
		for _, d := range placed {
			if d.state.Final() {
				continue
			}
			var command []string
			if !d.template.public {
				command = []string{"show", d.of.canary}
			}
			want = append(want, fmt.Sprint(d.id, d.of.space, !d.endWanted, string(d.state), command))
		}
		if !slices.Equal(is, want) {
			return &difference{"other placements than there are", fmt.Sprintf("%q\nwant %q", is, want)}
		}
		return nil
	}
	return s
}

// replaceAgent starts a newer process of an agent at another replica. What the older one still says here is refused and
// costs it its connection and its streams; then the newer one comes here, too.
func (f *arena) replaceAgent(t *rapid.T) *shot {
	p := pick(t, "agent", f.posts)
	session := uuid.Must(uuid.NewV7())
	for _, r := range p.realms {
		if len(r.sessions) > 0 {
			session = pick(t, "session", r.sessions).id
		}
	}
	s := &shot{of: p.realms[0], what: p.label + ": report as a process that was replaced"}
	s.fire = func() *difference {
		hash := p.secret.Hash()
		_, err := f.attack.agent.Exec(context.Background(), "select rls.connect_agent($1, $2, 0, false, $3)", p.id, hash[:],
			link.MaxSlots)
		f.must(err)
		said := link.Report{Session: session, State: "running", Generation: 1}
		if d := s.refused("stale_agent", p.observe(said)); d != nil {
			return d
		}
		select {
		case <-p.ended:
			if fault.Of(p.result).Code != "stale_agent" {
				return &difference{"the older process ended otherwise", fmt.Sprint(p.result)}
			}
		case <-time.After(streamTimeout):
			return &difference{"the older process goes on", ""}
		}
		for _, r := range p.realms {
			for _, v := range r.streams {
				v.cut = true
			}
		}
		p.stop()
		f.must(p.connect())
		return nil
	}
	return s
}

// forgedAgent comes to the agents' door with a credential that is wrong in one way.
func (f *arena) forgedAgent(t *rapid.T) *shot {
	p, other := pick(t, "agent", f.posts), pick(t, "other agent", f.posts)
	bearer := func(id uuid.UUID, key string) string { return "Bearer " + id.String() + "." + key }
	q := request{method: http.MethodGet, path: tunnel.Prefix + "connect", header: http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Protocol": {"streamspace.agent.v1"},
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"c3RyZWFtc3BhY2Utc3RyZQ=="},
	}}
	n := rapid.IntRange(0, 6).Draw(t, "forged")
	s := &shot{of: p.realms[0], what: fmt.Sprintf("%s: forged connection %d", p.label, n)}
	s.fire = func() *difference {
		want := verdict{401, "agent_unknown"}
		key, epoch := p.secret.Reveal(), p.epoch
		switch n {
		case 0:
			key = secret.New().Reveal()
		case 1:
			key = f.realms[0].accesses[0].secret // a member's
		case 2: // an older process, or one that there never was. A later epoch alone lets no one in: it needs the secret
			if epoch--; epoch > 0 {
				want = verdict{409, "stale_agent"}
			} else {
				key, epoch = secret.New().Reveal(), p.epoch+7
			}
		case 3:
			q.header.Set("Origin", f.attack.URL)
			want = verdict{403, "origin_refused"}
		case 4, 5, 6: // a stream that was not requested, as itself and with what another agent knows
			q.path = tunnel.Prefix + "streams"
			q.header.Set("Upgrade", "streamspace-stream")
			q.header.Set("StreamSpace-Stream", secret.New().Reveal())
			want = verdict{404, "unknown_stream"}
		}
		if n == 5 {
			key, want = other.secret.Reveal(), verdict{401, "bad_credential"}
			if other == p {
				want = verdict{404, "unknown_stream"}
			}
		}
		if n == 6 {
			epoch, want = p.epoch+1, verdict{409, "stale_agent"}
		}
		q.header.Set("Authorization", bearer(p.id, key))
		q.header.Set("StreamSpace-Epoch", strconv.FormatInt(epoch, 10))
		got, err := f.send(q, nil)
		if err != nil {
			return &difference{"no answer", err.Error()}
		}
		return s.judge(nil, want, got, nil)
	}
	return s
}
