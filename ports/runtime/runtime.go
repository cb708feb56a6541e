// Package runtime is the contract between the agent and whatever runs its sessions: Kubernetes, Docker or local
// processes. runtimetest is its test; every adapter passes it.
package runtime

import (
	"context"
	"io"
	"net"
	"time"

	"github.com/google/uuid"
)

// Spec says what a session runs, as its template's revision states it. It holds no secret.
type Spec struct {
	// Command is the program shown on the desktop and its arguments. Empty means a terminal.
	Command []string `json:"command,omitempty"`
	// Width and Height are the desktop's first size in pixels, at most MaxSide; a viewer may resize it. Zero means
	// 1280 × 800.
	Width  int `json:"width,omitempty"`
	Height int `json:"height,omitempty"`
	// Scale is how many pixels of the desktop make one of the viewer's page, at most MaxScale: with 2 everything is drawn
	// twice as large and the first size is doubled, for screens with a device pixel ratio of 2. Zero means 1. Whoever
	// launches the session chooses it, and no template.
	Scale int `json:"scale,omitempty"`
	// Memory and Disk are the most that the session may use, in MiB: with what it writes to /tmp, and in its home. CPU is
	// in thousandths of a processor. Processes counts threads too. Zero: what the host gives each session. A host that
	// gives less does not start it.
	Memory    int `json:"memory,omitempty"`
	CPU       int `json:"cpu,omitempty"`
	Processes int `json:"processes,omitempty"`
	Disk      int `json:"disk,omitempty"`
	// NestedNamespaces lets programs make namespaces of their own in the session, as browsers do for their sandboxes. A
	// host that does not allow that does not start it.
	NestedNamespaces bool `json:"nested_namespaces,omitempty"`
}

// The bounds of what a template states, in the units of Spec; a host's limits have the same smallest. A desktop with a
// terminal needs about a quarter of the smallest memory. Numbers of six digits are readable in messages.
const (
	MinMemory    = 256
	MaxMemory    = 512 << 10
	MinCPU       = 100
	MaxCPU       = 512_000
	MinProcesses = 100
	MaxProcesses = 128 << 10
	MinDisk      = 256
	MaxDisk      = 512 << 10
)

// PixelScale is Scale within its bounds. A spec may come from a newer program.
func (s Spec) PixelScale() int { return min(max(s.Scale, 1), MaxScale) }

// MaxScale is the largest Scale. Screens of phones have a device pixel ratio of up to 3.
const MaxScale = 3

// MaxSide is the most pixels a display may have in each direction. Xvnc takes four bytes for each: 256 MiB at most.
const MaxSide = 8192

// Workload is one session to run.
type Workload struct {
	Session uuid.UUID
	// Namespace is the organisation's own. Empty is refused: nothing falls back to a shared one.
	Namespace string
	Spec      Spec
	// Output receives what the workload's programs write, standard output and error alike, from the first byte on. Nil:
	// nobody wants it. Start takes it over. The runtime closes it when no program can write any more, or before Start
	// returns if that call started nothing. Its Write returns at once and never fails.
	//
	// Every runtime has such a stream: a pipe of the processes, the attached output of a container, the followed log of
	// a pod.
	Output io.WriteCloser
}

// Phase is what a runtime knows of a workload.
type Phase string

// The phases. A workload that ended on its own stays listed as Exited until it is stopped.
const (
	Starting Phase = "starting" // being made; its display does not answer yet
	Running  Phase = "running"  // its display answers
	Exited   Phase = "exited"   // it ended without being told to
)

// Status is one workload as it is now.
type Status struct {
	Session uuid.UUID
	// Namespace is that of the Workload.
	Namespace string
	Phase     Phase
	// Started is when the workload began to be made, by this host's clock.
	Started time.Time
	// Reason says in a few words why an Exited workload ended. It is shown to the session's owner. Closed is no failure.
	Reason string
	// Output is the end of what an Exited workload's programs wrote, if it ended within seconds of its start. It is text
	// of programs: anything can be in it.
	Output string
}

// Closed is the Reason of a workload that its user closed: its program ended without an error.
const Closed = "closed"

// StartError is a failed start with the end of what the workload's programs wrote.
type StartError struct {
	Output string
	Err    error
}

func (e *StartError) Error() string { return e.Err.Error() + ": " + e.Output }

// Unwrap returns the error without the output.
func (e *StartError) Unwrap() error { return e.Err }

// Runtime starts and stops workloads. Its methods may be called at once from many goroutines.
type Runtime interface {
	// Start makes the workload run and returns when its display answers. Starting what runs already changes nothing and
	// returns nil; starting what another call is starting waits for that one. When it fails, or ctx is done, nothing is
	// left of the workload. A workload outlives ctx once Start has returned. The error is an Invalid or
	// Conflict fault when the workload itself is the cause, such as its command. Every other error means that another host
	// may start it.
	Start(ctx context.Context, w Workload) error
	// Stop ends the workload, removes what it held, and returns when nothing of it is left: no process, socket or file.
	// Stopping what does not run is no error.
	Stop(ctx context.Context, session uuid.UUID) error
	// List returns every workload that exists, including those that another process of the agent left behind.
	List(ctx context.Context) ([]Status, error)
	// Changes delivers a value after a workload's phase changed without Start or Stop having been called for it. It
	// carries no data and may stand for several changes: call List.
	Changes() <-chan struct{}
	// Dial opens a connection to the workload's display, which speaks RFB. It fails when the workload is not Running.
	Dial(ctx context.Context, session uuid.UUID) (net.Conn, error)
	// Close ends every workload this process started. The runtime cannot be used after it.
	Close() error
}
