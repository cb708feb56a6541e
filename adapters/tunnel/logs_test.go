package tunnel

import (
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/link"
)

// Output comes from the agent that was asked, to whoever asked, and ends on the agent when they go.
func TestOutputComesFromTheAgent(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.one(t)
	tail, after := 5, int64(7)
	q := link.LogQuery{Tail: &tail, After: &after, Follow: true}
	log, err := r.server.Log(t.Context(), a.id(), uuid.New(), q)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(q, receive(t, "the query", a.queries)); diff != "" {
		t.Errorf("the agent is asked for (-want +got):\n%s", diff)
	}
	far := receive(t, "the output", a.displays)
	exchange(t, far, log, "a line")
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	ends(t, "the output on the agent", far)
}

func TestOutputThatIsNotThere(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.one(t)
	_, err := r.server.Log(t.Context(), a.id(), uuid.Nil, link.LogQuery{})
	wantCode(t, err, link.ErrNoLog.Code)
	_, err = r.server.Log(t.Context(), uuid.New(), uuid.New(), link.LogQuery{})
	wantCode(t, err, errAgentUnreachable.Code)
}

// The end of the output is told, and so is the loss of the agent.
func TestTheEndOfOutputIsTold(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.one(t)
	for _, end := range []struct {
		what string
		end  func(far io.Closer)
	}{
		{"the output", func(far io.Closer) { _ = far.Close() }},
		{"the output of an agent that stops", func(io.Closer) { a.stop() }},
	} {
		log, err := r.server.Log(t.Context(), a.id(), uuid.New(), link.LogQuery{})
		if err != nil {
			t.Fatal(err)
		}
		end.end(receive(t, "the output", a.displays))
		ends(t, end.what, log)
		_ = log.Close()
	}
}
