package tunnel

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"
	"github.com/hashicorp/yamux"

	"github.com/streamspace-dev/streamspace/ports/link"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

// ClientConfig is the configuration of a Client. Only URL, Agent, Secret and Log are required.
type ClientConfig struct {
	// URL is the control plane's, http or https, without a path.
	URL    string
	Agent  uuid.UUID
	Secret secret.Secret
	// Authorities returns the authorities that may have signed the control plane's certificate. It is called before each
	// connection, so that they are exchanged without restarting the agent, whose sessions would end. Nil: the system's.
	Authorities func() (*x509.CertPool, error)
	// Unconfined tells that sessions run without namespaces. Zero means that they are confined.
	Unconfined bool
	// Slots is how many sessions the agent can run at the same time. Zero: link.DefaultSlots.
	Slots int
	// RawStreams makes streams raw connections and not WebSockets, which saves the work of frames. Many proxies pass only
	// WebSockets, and close what is idle; a raw stream has no heartbeats.
	RawStreams bool
	// Contacts is the number of the last contact that an earlier process of the agent has counted, and Counted is called
	// with each further one, perhaps in parallel, so that the next process goes on. Zero and nil: it begins anew.
	Contacts int64
	Counted  func(number int64)
	// Version is the version of the agent's program, for people. Empty: it does not say.
	Version string
	// UnenforcedLimits are the limits of sessions that the kernel of this host does not enforce, as link.Hello has them.
	UnenforcedLimits []string
	Log              *slog.Logger
}

// AgentHandler handles the control plane's requests on the agent. Its methods may be
// called in parallel.
type AgentHandler interface {
	// Put receives the desired state of one session. It returns before the session has reached that state.
	Put(ctx context.Context, d link.Desired)
	// Dial connects to a session's display.
	Dial(ctx context.Context, session uuid.UUID) (net.Conn, error)
	// Log opens a session's output, as link.Logs has it. Closing it ends a read that waits.
	Log(ctx context.Context, session uuid.UUID, q link.LogQuery) (io.ReadWriteCloser, error)
	// Connected is called for each new control connection, before requests are served on it. It must not block.
	Connected(ctx context.Context)
}

// Client is an agent's end. It keeps one control connection and implements link.Upstream over it.
type Client struct {
	cfg   ClientConfig
	base  string
	shown string // base without a password, for messages
	outer *outer
	epoch atomic.Int64 // zero until the first connection
	// contact counts the connections and syncs that the control plane has answered. A database that was not told of as
	// many is older than the one before.
	contact atomic.Int64
	// live is the current control connection, nil between two.
	live atomic.Pointer[peer]
	// streams counts the streams of desktops and of output. Run waits for them before it returns.
	streams sync.WaitGroup
}

var _ link.Upstream = (*Client)(nil)

// NewClient returns a client that is not connected yet.
func NewClient(cfg ClientConfig) (*Client, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil {
		return nil, errors.New("the control plane's URL cannot be parsed") // the cause shows the URL, and a password in it
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("the control plane's URL must be http:// or https:// and a host")
	}
	if cfg.Agent == uuid.Nil || cfg.Secret.IsZero() {
		return nil, errors.New("the agent's id or secret is missing")
	}
	c := &Client{cfg: cfg, base: strings.TrimSuffix(cfg.URL, "/"), shown: u.Redacted(), outer: newOuter(cfg)}
	c.contact.Store(cfg.Contacts)
	return c, nil
}

// Epoch returns the epoch that the control plane gave to this process at its first connection. Zero means that it has
// not connected yet.
func (c *Client) Epoch() int64 { return c.epoch.Load() }

// Run keeps the agent connected until ctx is done. It returns an error only when a newer process of the same agent
// has connected. This process must then end, because two processes would each start and stop the same sessions. After
// every other error it tries again: an agent with a revoked credential keeps trying every 5 s until an operator acts.
func (c *Client) Run(ctx context.Context, h AgentHandler) error {
	defer c.outer.close()
	defer c.streams.Wait()
	log := c.cfg.Log.With("agent", c.cfg.Agent.String())
	var b backoff
	for {
		began := time.Now()
		err := c.session(ctx, h)
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, link.ErrStaleAgent) && c.Epoch() != 0 {
			return fmt.Errorf("agent %s: %w", c.cfg.Agent, err)
		}
		if time.Since(began) >= settled {
			b = backoff{}
		}
		wait := b.next(err)
		log.Warn("control connection lost", "error", err, "again_in", wait)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil
		}
	}
}

// errLost means that a control connection was made and has ended.
var errLost = errors.New("the connection has ended")

// session makes one control connection and serves it to its end. It always returns an error: a *fault.Fault when the
// control plane refused the agent, errLost after a connection that was made.
func (c *Client) session(ctx context.Context, h AgentHandler) error {
	ws, err := c.dial(ctx)
	if err != nil {
		return err
	}
	p, err := newPeer(ctx, ws, yamux.Client, c.cfg.Log)
	if err != nil {
		_ = ws.CloseNow()
		return err
	}
	c.live.Store(p)
	defer c.live.Store(nil)
	c.cfg.Log.Info("control connection made", "agent", c.cfg.Agent.String(), "epoch", c.Epoch())
	h.Connected(ctx)
	p.serve(ctx, c.routes(ctx, h))
	return errLost
}

// dial connects and presents the credential. It checks the epoch and the subprotocol of the response, because a proxy
// or another web server may also accept a WebSocket.
func (c *Client) dial(ctx context.Context) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*dialTimeout)
	defer cancel()
	client, err := c.outer.client()
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	hello := c.hello()
	present(header, hello)
	//nolint:bodyclose // the answer's body is the WebSocket, or a copy of a refusal's
	ws, resp, err := websocket.Dial(ctx, c.base+connectPath, &websocket.DialOptions{
		HTTPClient: client, HTTPHeader: header, Subprotocols: []string{subprotocol},
	})
	if err != nil {
		if resp != nil && resp.StatusCode != http.StatusSwitchingProtocols {
			err = readProblem(resp)
		}
		return nil, fmt.Errorf("connect to %s: %w", c.shown, explained(err))
	}
	epoch, err := strconv.ParseInt(resp.Header.Get(headerEpoch), 10, 64)
	if err != nil || epoch <= 0 || ws.Subprotocol() != subprotocol {
		_ = ws.CloseNow()
		return nil, fmt.Errorf("connect to %s: the response did not come from a StreamSpace control plane", c.shown)
	}
	c.epoch.Store(epoch)
	c.answered(hello.Contact)
	return ws, nil
}

// hello identifies this process. Its epoch is zero at the first connection; the control plane then assigns one.
func (c *Client) hello() link.Hello {
	return link.Hello{
		Agent: c.cfg.Agent, Secret: c.cfg.Secret, Epoch: c.Epoch(), Unconfined: c.cfg.Unconfined, Slots: c.cfg.Slots,
		Version: c.cfg.Version, Contact: c.contact.Load() + 1, UnenforcedLimits: c.cfg.UnenforcedLimits,
	}
}
