package server

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/adapters/certs"
	apihttp "github.com/streamspace-dev/streamspace/adapters/http"
	"github.com/streamspace-dev/streamspace/adapters/jwt"
	"github.com/streamspace-dev/streamspace/adapters/membus"
	"github.com/streamspace-dev/streamspace/adapters/pgbus"
	"github.com/streamspace-dev/streamspace/adapters/postgres"
	"github.com/streamspace-dev/streamspace/adapters/prometheus"
	"github.com/streamspace-dev/streamspace/adapters/tunnel"
	"github.com/streamspace-dev/streamspace/adapters/ws"
	"github.com/streamspace-dev/streamspace/adapters/ws/feed"
	"github.com/streamspace-dev/streamspace/app/console"
	"github.com/streamspace-dev/streamspace/docs"
	"github.com/streamspace-dev/streamspace/modules/access"
	"github.com/streamspace-dev/streamspace/modules/agents"
	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/modules/hosts"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/modules/invitations"
	"github.com/streamspace-dev/streamspace/modules/keys"
	"github.com/streamspace-dev/streamspace/modules/members"
	"github.com/streamspace-dev/streamspace/modules/quotas"
	"github.com/streamspace-dev/streamspace/modules/recovery"
	"github.com/streamspace-dev/streamspace/modules/sessions"
	"github.com/streamspace-dev/streamspace/modules/settings"
	"github.com/streamspace-dev/streamspace/modules/setup"
	"github.com/streamspace-dev/streamspace/modules/templates"
	"github.com/streamspace-dev/streamspace/modules/usage"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// unlimited is more hashes than there ever are at once.
const unlimited = 1000

// parts are the components of a control plane.
type parts struct {
	db         *postgres.DB
	metrics    *prometheus.Metrics
	site       http.Handler
	tls        *tls.Config                   // of the site; nil: HTTP
	agents     func() int                    // connected now
	background []func(context.Context) error // each runs until its context is done
	log        *slog.Logger
}

// control handles the agents' requests.
type control struct {
	*agents.Service
	*sessions.Observer
}

// desktops handles streams of desktops.
type desktops struct {
	*sessions.Service
	*sessions.AccessWatch
}

// wire makes the components and connects them, in a straight line without a framework: each line shows what depends on
// what. The catalogue is checked before anything can serve. If wire fails, it closes the database.
func wire(ctx context.Context, c Config, log *slog.Logger) (_ *parts, err error) {
	page, err := console.Files()
	if err != nil {
		return nil, err
	}
	signingKeys, err := jwt.LoadKeys(c.SigningKeys)
	if err != nil {
		return nil, err
	}
	tokens, err := jwt.New(jwt.Config{Keys: signingKeys, Issuer: c.URL()})
	if err != nil {
		return nil, err
	}
	p := &parts{log: log}
	database := c.Database()
	database.Log = log
	bus := pgbus.New(pgbus.Config{
		Local: membus.New(), Connect: func(ctx context.Context) (*pgx.Conn, error) { return p.db.Listen(ctx) }, Log: log,
	})
	database.Committed = func(id org.ID) { bus.Wake(events.Topic(id)) }
	if p.db, err = postgres.Open(ctx, database); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			p.db.Close()
		}
	}()
	if p.metrics, err = prometheus.New(log); err != nil {
		return nil, err
	}
	proof, err := newProof(c.AcceptedViolations, p.db, p.metrics, log)
	if err != nil {
		return nil, err
	}
	if err := proof.start(ctx); err != nil {
		return nil, err
	}
	tunnels := tunnel.NewServer(tunnel.ServerConfig{
		Control: control{agents.NewService(p.db.Roster(), bus, c.UnknownSessions != endUnknown),
			sessions.NewObserver(p.db.InReport(), bus)}, Log: log,
	})
	p.agents = func() int { return tunnels.Stats().Agents }
	nudger := sessions.NewNudger(tunnels, log)
	sessionService := sessions.NewService(sessions.Config{
		InOrg: p.db.Sessions(), Read: p.db.SessionReads(),
		AsService: p.db.SessionsAsService(), Tickets: p.db.Tickets(),
		Counter: p.metrics, Nudger: nudger, Bus: bus,
	})
	follow := events.NewFeed(events.Config{
		Read: p.db.EventReads(), AsService: p.db.EventsAsService(), Newest: p.db.NewestEvents, Bus: bus, Log: log,
	})
	accessWatch := sessions.NewAccessWatch(sessions.AccessConfig{
		Changes: func(id org.ID, concerns func(events.Entry) bool) (sessions.Changing, error) {
			return follow.Watch(id, concerns)
		},
		Access: p.db.SessionAccess(), Ended: p.db.EndedStreams, Log: log,
	})
	streams := ws.New(ws.Config{
		Sessions: desktops{sessionService, accessWatch}, Displays: tunnels, Problem: apihttp.Problem, Log: log,
	})
	if err := p.metrics.Watch(p.sources(streams)); err != nil {
		return nil, err
	}
	// One, because it bounds the work of all hashes. It leaves half of the cores to everything else.
	hashes := runtime.GOMAXPROCS(0) / 2
	if c.Unlimited {
		hashes = unlimited
	}
	passwords := identity.NewPasswords(hashes)
	sender, err := c.sender()
	if err != nil {
		return nil, fmt.Errorf("prepare to send mail: %w", err)
	}
	refused := identity.NewRefused(p.db.Directory(), log)
	identityService := identity.NewService(identity.Config{
		Directory: p.db.Directory(), InOrg: p.db.Identity(), Read: p.db.IdentityReads(), Passwords: passwords,
		Refused: refused,
	})
	recoveryService := recovery.NewService(recovery.Config{
		Registry: p.db.Directory(), Passwords: passwords, Mail: sender, PublicURL: c.URL(), Log: log,
	})
	p.site, err = apihttp.New(apihttp.Config{
		PublicURL: c.URL(), TrustedProxies: c.TrustedProxies, Spec: docs.OpenAPI, Page: page, Tokens: tokens,
		Identity: identityService,
		Access: access.NewService(access.Config{
			Account: p.db.Account(), InOrg: p.db.Access(), Read: p.db.AccessReads(), Passwords: passwords,
			Counter: p.metrics,
		}),
		Setup:     setup.NewService(p.db.Directory(), passwords),
		Members:   members.NewService(p.db.Members(), p.db.MemberReads()),
		Keys:      keys.NewService(p.db.Keys(), p.db.KeyReads(), p.metrics),
		Settings:  settings.NewService(p.db.Settings(), p.db.SettingReads()),
		Quotas:    quotas.NewService(p.db.Quotas(), p.db.QuotaReads()),
		Usage:     usage.NewService(p.db.UsageReads()),
		Hosts:     hosts.NewService(p.db.Hosts(), p.db.HostReads(), p.metrics),
		Audit:     audit.NewService(p.db.Audit(), p.db.AuditReads()),
		Templates: templates.NewService(p.db.TemplateReads(), p.db.Templates(), p.metrics, log),
		Invitations: invitations.NewService(invitations.Config{
			InOrg: p.db.Invitations(), Read: p.db.InvitationReads(), Directory: p.db.Directory(), Accounts: identityService,
			Passwords: passwords, Counter: p.metrics, Mail: sender, PublicURL: c.URL(),
		}),
		Recovery: recoveryService,
		Sessions: sessionService, Stream: streams, Events: &feed.Handler{Feed: follow, Log: log}, Agents: tunnels,
		Logs:     &feed.Logs{Feed: follow, Sessions: desktops{sessionService, accessWatch}, Agents: tunnels, Log: log},
		Observer: p.metrics, Log: log, Unlimited: c.Unlimited,
	})
	if err != nil {
		return nil, fmt.Errorf("assemble the API: %w", err)
	}
	if err := p.wireTLS(ctx, c); err != nil {
		return nil, err
	}
	p.background = append(p.background, []func(context.Context) error{
		bus.Run, tunnels.Run, streams.Run, follow.Run, accessWatch.Run, nudger.Run, recoveryService.Run, refused.Run,
		proof.run,
		jwt.NewReloader(c.SigningKeys, tokens, log).Run,
		sessions.NewOverdueReaper(p.db.DueSessions(), p.db.SessionsAsService(), bus, log).Run,
		sessions.NewLeftBehindReaper(p.db.DueSessions(), p.db.SessionsAsService(), bus, log).Run,
		sessions.NewPlacer(sessions.PlacerConfig{
			Orgs: p.db.DueSessions().WaitingOrgs, Lost: p.db.DueSessions().LostHosts,
			AsService: p.db.SessionPlacements(), Patience: c.PlacementTimeout, Nudger: nudger, Bus: bus, Log: log,
		}).Run,
		agents.NewRepeater(p.db.Roster(), tunnels.Connected, tunnels, log).Run,
		sessions.NewSilenceWatch(sessions.SilenceConfig{
			Silences: p.db.DueSessions(), AsService: p.db.SessionSilences(), Patience: c.AgentLostAfter, Bus: bus, Log: log,
		}).Run,
		identity.NewSweeper(p.db.ExpiredCredentials(), p.db.IdentityAsService(), log).Run,
		events.NewSweeper(p.db.OldEvents, p.db.EventSweeps(), c.EventsKept, log).Run,
	}...)
	return p, nil
}

// wireTLS loads the certificate, if there is one.
func (p *parts) wireTLS(ctx context.Context, c Config) error {
	if c.TLSCert == "" {
		return nil
	}
	certificate, err := certs.Load(ctx, c.tlsFiles(), p.log)
	if err != nil {
		return err
	}
	p.tls = certificate.Config()
	p.background = append(p.background, certificate.Run)
	return nil
}

// sources are the functions that the metrics read at each scrape.
func (p *parts) sources(streams *ws.Streams) prometheus.Sources {
	return prometheus.Sources{
		Pools:    p.pools,
		Sessions: p.db.DueSessions().CountSessions,
		Agents:   p.agents,
		Streams:  streams.Open,
	}
}

// pools converts the statistics of pgx, which the metrics must not depend on.
func (p *parts) pools() []prometheus.Pool {
	var all []prometheus.Pool
	for _, s := range p.db.Stats() {
		all = append(all, prometheus.Pool{
			Name:     strings.TrimPrefix(s.Role, "streamspace_"),
			Acquired: int(s.AcquiredConns()), Idle: int(s.IdleConns()), Total: int(s.TotalConns()), Max: int(s.MaxConns()),
			Waits: s.EmptyAcquireCount(), Waited: s.EmptyAcquireWaitTime(),
		})
	}
	return all
}
