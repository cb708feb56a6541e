package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/streamspace-dev/streamspace/adapters/postgres"
	"github.com/streamspace-dev/streamspace/app/server"
	"github.com/streamspace-dev/streamspace/app/settings"
	"github.com/streamspace-dev/streamspace/modules/agents"
	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/modules/orgs"
	"github.com/streamspace-dev/streamspace/modules/templates"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// operator is a command's connection to the database as streamspace_operator, with the use cases of operators.
type operator struct {
	name      string // for the logs: claimed by the command, not proven
	db        *postgres.Operator
	passwords *identity.Passwords
	orgs      *orgs.Service
	users     *identity.Users
	agents    *agents.Enrolment
	templates *templates.Publisher
	logs      *audit.Verifier
	out       io.Writer // what programs read
	say       io.Writer // what people read
}

// operatorSettings are the settings of the operators' commands.
type operatorSettings struct {
	Name string `env:"STREAMSPACE_OPERATOR"`
}

// act is what a command does when it is connected.
type act func(context.Context, operator, []string) error

// asOperator makes a command run as an operator who changes something, and must be named.
func (t terminal) asOperator(c *cobra.Command, do act) *cobra.Command {
	name := c.Flags().String("operator", "", "your name for the logs; not set: STREAMSPACE_OPERATOR")
	t.connected(c, do, func(r *settings.Report, set string) string {
		if *name == "" && set == "" {
			r.Wrong("STREAMSPACE_OPERATOR", "is not set: set it, or give your name with --operator")
		}
		return cmp.Or(*name, set)
	})
	return withSettings(c, append(server.DatabaseSettings(), settings.Of[operatorSettings](map[string]string{
		"STREAMSPACE_OPERATOR": "your name for the logs: it is recorded, not proven",
	})...))
}

// asReader makes a command run as an operator who only reads. Reading is not in a log, so that it needs no name.
// more are the command's own settings.
func (t terminal) asReader(c *cobra.Command, do act, more ...settings.Setting) *cobra.Command {
	t.connected(c, do, func(_ *settings.Report, set string) string { return set })
	return withSettings(c, append(server.DatabaseSettings(), more...))
}

// connected makes a command connect to the database. named returns the operator's name, which may be set in the
// environment, or reports that there is none.
func (t terminal) connected(c *cobra.Command, do act, named func(r *settings.Report, set string) string) {
	c.Args = asUsed
	c.RunE = func(cmd *cobra.Command, args []string) error {
		s, r := settings.Read[operatorSettings](t.environ)
		name := named(r, s.Name)
		config, err := server.ReadDatabaseConfig(t.environ)
		if err := settings.Join(err, r.Err()); err != nil {
			return err
		}
		pg, err := postgres.OpenOperator(cmd.Context(), config.Postgres())
		if err != nil {
			return err
		}
		defer pg.Close()
		passwords := identity.NewPasswords(runtime.GOMAXPROCS(0))
		return sentence(cmd, do(cmd.Context(), operator{
			name: name, db: pg, out: t.out, say: t.err, passwords: passwords,
			orgs: orgs.NewService(pg), users: identity.NewUsers(pg, passwords),
			agents: agents.NewEnrolment(pg), templates: templates.NewPublisher(pg),
			logs: audit.NewVerifier(pg),
		}, args))
	}
}

// asUsed takes the arguments that a command's line of usage names, and says which one is missing.
func asUsed(c *cobra.Command, args []string) error {
	names := strings.Fields(c.Use)[1:]
	if len(args) < len(names) {
		return fmt.Errorf("%s is missing: %s", names[len(args)], c.UseLine())
	}
	if len(args) > len(names) {
		return fmt.Errorf("unexpected argument %q: %s", args[len(names)], c.UseLine())
	}
	return nil
}

// sentence returns an error that prints as the sentence of its fault, as an answer of the API has it: the cause names
// constraints of the database. An error without a fault is printed whole, and so is an outage, which the operator ends.
func sentence(c *cobra.Command, err error) error {
	f, ok := errors.AsType[*fault.Fault](err)
	if !ok || f.Kind == fault.Internal || f.Kind == fault.Unavailable {
		return err
	}
	return errors.New(inFlags(c, f))
}

// flags are the names of flags that differ from the names of their fields.
var flags = map[string]string{
	"ends": "for", "owner.email": "owner", "owner.name": "owner-name", "sessions_per_org": "sessions",
	"memory_per_org": "memory", "cpu_per_org": "cpu", "processes_per_org": "processes", "disk_per_org": "disk",
}

// inFlags is the message of a fault. When the fault is of a field that the command has a flag for, it names the flag.
func inFlags(c *cobra.Command, f *fault.Fault) string {
	field, _ := f.Details["field"].(string)
	flag := cmp.Or(flags[field], strings.ReplaceAll(strings.TrimPrefix(field, "org."), "_", "-"))
	if rest, ok := strings.CutPrefix(f.Message, field+" "); ok && c.Flags().Lookup(flag) != nil {
		return "--" + flag + " " + rest
	}
	return f.Message
}

// org finds an organisation by its slug.
func (o operator) org(ctx context.Context, slug string) (org.ID, error) {
	return o.orgs.BySlug(ctx, slug)
}

// inOrg runs an act on the organisation and the user that the arguments name.
func (o operator) inOrg(ctx context.Context, slug, email string, act func(org.ID, org.UserID) error) error {
	in, err := o.org(ctx, slug)
	if err != nil {
		return err
	}
	user, err := o.users.ByEmail(ctx, email)
	if err != nil {
		return err
	}
	return act(in, user)
}
