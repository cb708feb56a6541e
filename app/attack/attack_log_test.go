package attack

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"pgregory.net/rapid"
)

// readLog reads the output of a session, perhaps another's, perhaps by the name of another organisation. Its checks
// were seen to fail with a socket that records no look.
func (f *arena) readLog(t *rapid.T) *shot {
	w := f.asker(t)
	own := w.of(f)
	at, named := f.name(t, "session", own), own
	if rarely(t, "by a name", 4) {
		named = f.near(t, own)
	}
	path := "/api/v1/ws/sessions/" + at.text + "/logs?org=" + named.slug
	header := w.header.Clone()
	if header.Get("Cookie") != "" {
		header.Set("Origin", "http://localhost") // the public URL: what a browser sends
	}
	s := &shot{of: own, what: fmt.Sprintf("%s: read the output of %s as one of %s", w.label, at.label, named.label)}
	s.fire = func() *difference {
		role, want := w.authorize(request{form: at.form})
		var of *modelSession
		if want == proceed {
			for _, d := range own.sessions {
				if d.id == at.id && d.seenBy(w.access.who, role) {
					of = d
				}
			}
			switch {
			case named != own:
				want, of = verdict{403, "other_orgs_stream"}, nil
			case of == nil:
				want = own.missed("session", at.id)
			default:
				want = verdict{status: http.StatusSwitchingProtocols}
			}
		}
		socket, got, err := f.dialAt(path, header, nil)
		if err != nil {
			return &difference{"no answer", err.Error()}
		}
		if socket != nil {
			defer socket.CloseNow()
		}
		if d := s.judge(w.scope(), want, got, nil); d != nil || socket == nil {
			return d
		}
		if of.owner != w.access.who {
			own.audit["session.read_log"]++
		}
		ctx, cancel := context.WithTimeout(context.Background(), streamTimeout)
		defer cancel()
		_, text, err := socket.Read(ctx)
		var line struct{ Data struct{ Text string } }
		if err != nil || json.Unmarshal(text, &line) != nil || line.Data.Text != string(of.greeting()) {
			return &difference{"the output is not that session's", fmt.Sprintf("%s, %v", strings.TrimSpace(string(text)), err)}
		}
		return nil
	}
	return s
}
