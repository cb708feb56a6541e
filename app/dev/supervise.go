package dev

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

const (
	// agentGrace is how long the agent may take to end its sessions.
	agentGrace = 15 * time.Second
	// again is the pause before an agent that ended by itself is started anew.
	again = time.Second
)

// superviseAgent runs the agent as a program of its own, as in production, and starts it anew when it ends by itself.
func (d *dev) superviseAgent(ctx context.Context, control string) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	for ctx.Err() == nil {
		if err := d.agent(ctx, self, control); err != nil && ctx.Err() == nil {
			d.Log.ErrorContext(ctx, "the agent ended by itself and is started anew", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(again):
		}
	}
	return nil
}

// reachable is the address at which a program on this machine finds what listens on addr.
func reachable(addr net.Addr) string {
	at, ok := addr.(*net.TCPAddr)
	if ok && at.IP.IsUnspecified() {
		return fmt.Sprintf("http://127.0.0.1:%d", at.Port)
	}
	return "http://" + addr.String()
}

// agent runs the agent once. The thread that starts it is kept for it: the agent is told to end when that thread
// does, so that it goes with this program however that ends.
func (d *dev) agent(ctx context.Context, self, control string) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(ctx, self, "agent")
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"),
		"STREAMSPACE_CONTROL_URL=" + control,
		"STREAMSPACE_AGENT_CREDENTIAL=" + d.files.credential,
		"STREAMSPACE_DATA=" + d.files.agent,
		"STREAMSPACE_AGENT_UNCONFINED=" + strconv.FormatBool(d.alone != nil),
		"STREAMSPACE_LOG_LEVEL=warn",
	}
	cmd.Stdout, cmd.Stderr = d.AgentLog, d.AgentLog
	// A group of its own keeps a terminal's Ctrl-C from it: it ends when it is told to.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = agentGrace
	return cmd.Run()
}
