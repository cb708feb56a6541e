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
	// agentGrace is how long the agent may take to stop its sessions before it is killed.
	agentGrace = 15 * time.Second
	// restartPause is the pause before a crashed agent is started again, so that one that always crashes fills no log.
	restartPause = time.Second
)

// superviseAgent runs the agent as a separate process, as in production, and restarts it when it ends by itself. It
// returns when ctx is done.
func (d *dev) superviseAgent(ctx context.Context, control string) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	for ctx.Err() == nil {
		if err := d.agent(ctx, self, control); err != nil && ctx.Err() == nil {
			d.Log.ErrorContext(ctx, "the agent stopped unexpectedly and is restarted", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(restartPause):
		}
	}
	return nil
}

// reachable is the URL at which a program on this machine reaches a listener on addr. 0.0.0.0 is no address to connect
// to.
func reachable(addr net.Addr) string {
	at, ok := addr.(*net.TCPAddr)
	if ok && at.IP.IsUnspecified() {
		return fmt.Sprintf("http://127.0.0.1:%d", at.Port)
	}
	return "http://" + addr.String()
}

// agent runs the agent once. Pdeathsig ends the agent when the thread that started it ends, even if this program is
// killed. Go may end a thread at any time, so that the goroutine keeps its thread until the agent has ended.
func (d *dev) agent(ctx context.Context, self, control string) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(ctx, self, "agent")
	cmd.Env = append(d.Limits.Environ(),
		"PATH="+os.Getenv("PATH"),
		"STREAMSPACE_CONTROL_URL="+control,
		"STREAMSPACE_AGENT_CREDENTIAL="+d.files.credential,
		"STREAMSPACE_DATA="+d.files.agent,
		"STREAMSPACE_AGENT_UNCONFINED="+strconv.FormatBool(d.unconfined != nil),
		"STREAMSPACE_AGENT_SESSIONS_OUTLIVE=0",
		"STREAMSPACE_LOG_LEVEL=warn",
	)
	cmd.Stdout, cmd.Stderr = d.AgentLog, d.AgentLog
	// A terminal sends Ctrl-C to the whole process group. In its own group the agent gets only the SIGTERM below, and can
	// stop its sessions in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = agentGrace
	return cmd.Run()
}
