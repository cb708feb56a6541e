package ws

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
)

func (d *desk) BeginLook(_ context.Context, who org.Scope, it sessions.Session) error {
	d.look("begin", who, it)
	return d.looking
}

func (d *desk) EndLook(ctx context.Context, who org.Scope, it sessions.Session, lasted time.Duration) error {
	if lasted <= 0 || ctx.Err() != nil {
		d.t.Errorf("a look of %v, %v", lasted, ctx.Err())
	}
	d.look("end", who, it)
	return d.looking
}

func (d *desk) look(what string, who org.Scope, it sessions.Session) {
	if who != d.who || it.ID != d.session.ID {
		d.t.Errorf("%s: a look of %v at %s", what, who, it.ID)
	}
	d.looks = append(d.looks, what)
}

// Each end of a stream is recorded, before the server that shuts down closes its database.
func TestALookIsRecordedFromItsBeginToItsEnd(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*desk, *websocket.Conn){
		"the browser goes":   func(_ *desk, c *websocket.Conn) { _ = c.CloseNow() },
		"the access is gone": func(d *desk, _ *websocket.Conn) { d.withdraw <- sessions.ErrEnded },
		"the server shuts down": func(d *desk, _ *websocket.Conn) {
			ctx, cancel := context.WithCancel(d.t.Context())
			cancel()
			if err := d.Run(ctx); err != nil {
				d.t.Error(err)
			}
			if got := strings.Join(d.looks, " "); got != "begin end" {
				d.t.Errorf("when Run ends: %s", got)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			c, _ := d.connect()
			go func() { _, _, _ = c.Read(context.Background()) }() // it answers the close
			end(d, c)
			d.gone()
			if got := strings.Join(d.looks, " "); got != "begin end" {
				t.Errorf("recorded: %s", got)
			}
		})
	}
}

func TestWhatCannotBeRecordedIsNotShown(t *testing.T) {
	t.Parallel()
	d := newDesk(t, func(d *desk) { d.looking = fault.ErrBusy })
	if err := d.refused(); !errors.Is(err, fault.ErrBusy) {
		t.Errorf("refused with %v", err)
	}
	d.gone()
	if _, err := (<-d.displays).Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the display was left open: %v", err)
	}
	if got := strings.Join(d.looks, " "); got != "begin" {
		t.Errorf("recorded: %s", got)
	}
}
