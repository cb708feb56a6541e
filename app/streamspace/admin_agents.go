package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/streamspace-dev/streamspace/modules/agents"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

func agentsCommand(t terminal) *cobra.Command {
	c := group(&cobra.Command{
		Use: "agent", Short: "Enrol, list, rotate and revoke agents, and let them serve organisations",
	})
	c.AddCommand(agentEnrolCommand(t), agentListCommand(t), agentRotateCommand(t), agentUnknownCommand(t))
	c.AddCommand(t.asOperator(&cobra.Command{
		Use: "serve NAME SLUG", Short: "Let an agent run an organisation's desktops",
		Long: "Let an agent run an organisation's desktops. An agent may serve several organisations, and several\n" +
			"agents one. The same again changes nothing.",
		Example: "  streamspace admin agent serve host-1 acme --operator me",
	}, func(ctx context.Context, o operator, args []string) error {
		agent, err := o.agents.ByName(ctx, args[0])
		if err != nil {
			return err
		}
		in, err := o.org(ctx, args[1])
		if err != nil {
			return err
		}
		return o.agents.Serve(ctx, o.name, agent, in)
	}))
	c.AddCommand(t.asOperator(&cobra.Command{
		Use: "revoke NAME", Short: "End an agent for good: it never connects again",
		Long: "End an agent for good, as when its host is lost or taken over: it is cut off, and never connects again.\n" +
			"Its name stays taken.",
		Example: "  streamspace admin agent revoke host-1 --operator me",
	}, func(ctx context.Context, o operator, args []string) error {
		agent, err := o.agents.ByName(ctx, args[0])
		if err != nil {
			return err
		}
		return o.agents.Revoke(ctx, o.name, agent)
	}))
	c.AddCommand(t.asOperator(&cobra.Command{
		Use: "end-unknown", Short: "End the desktops that the database does not know after a restore",
		Long: "End the desktops that the database does not know after a restore of an older one. Until then they run on,\n" +
			"and `streamspace admin agent unknown` lists them. Each agent ends its own within twenty seconds.",
		Example: "  streamspace admin agent end-unknown --operator me",
	}, func(ctx context.Context, o operator, _ []string) error { return o.agents.EndUnknown(ctx, o.name) }))
	return c
}

const credentialHelp = "new file for the credential, that of STREAMSPACE_AGENT_CREDENTIAL; not set: it is printed"

// hand makes a credential and gives it out: to a new file that only this user can read, or printed. The file is opened
// before, because a credential cannot be read again: one that cannot be written would be lost, with the agent's name.
func (o operator) hand(file string, newCredential func() (agents.ID, secret.Secret, error)) error {
	if file == "" {
		id, key, err := newCredential()
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(o.out, "%s.%s\n", id, key.Reveal())
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists: choose a new file for the credential", file)
	} else if err != nil {
		return fmt.Errorf("make the credential's file: %w", err)
	}
	id, key, err := newCredential()
	if err != nil {
		return errors.Join(err, f.Close(), os.Remove(file))
	}
	_, err = fmt.Fprintf(f, "%s.%s\n", id, key.Reveal())
	if err := errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(file) // a part of a credential opens nothing
		return fmt.Errorf("write the credential, which `streamspace admin agent rotate` makes again: %w", err)
	}
	return nil
}

func agentEnrolCommand(t terminal) *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "enrol NAME",
		Short: "Add an agent, and print the credential with which it connects",
		Long: "Add an agent, and hand out the credential with which it connects: printed, or in a new file that only\n" +
			"you can read. It cannot be read again. The agent serves no organisation yet: `streamspace admin agent\n" +
			"serve` adds one.",
		Example: "  streamspace admin agent enrol host-1 --credential host-1.credential --operator me",
	}
	c.Flags().StringVar(&file, "credential", "", credentialHelp)
	return t.asOperator(c, func(ctx context.Context, o operator, args []string) error {
		return o.hand(file, func() (agents.ID, secret.Secret, error) { return o.agents.Enrol(ctx, o.name, args[0]) })
	})
}

func agentRotateCommand(t terminal) *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "rotate NAME",
		Short: "Give an agent another credential; the one before ends at once",
		Long: "Give an agent another credential. The one before ends at once: the agent is cut off until it is started\n" +
			"with the new one. Its desktops run on.",
		Example: "  streamspace admin agent rotate host-1 --credential host-1.new --operator me",
	}
	c.Flags().StringVar(&file, "credential", "", credentialHelp)
	return t.asOperator(c, func(ctx context.Context, o operator, args []string) error {
		agent, err := o.agents.ByName(ctx, args[0])
		if err != nil {
			return err
		}
		return o.hand(file, func() (agents.ID, secret.Secret, error) {
			key, err := o.agents.Rotate(ctx, o.name, agent)
			return agent, key, err
		})
	})
}

func agentListCommand(t terminal) *cobra.Command {
	c, format := list(&cobra.Command{
		Use: "list", Short: "List the agents",
		Long: "List the agents by name, revoked ones included, with the time of their last contact, and which limits of\n" +
			"desktops the kernel of their host does not enforce: cpu, disk, memory, processes.",
		Example: "  streamspace admin agent list --output json",
	})
	return t.asReader(c, func(ctx context.Context, o operator, _ []string) error {
		p := o.print(*format, "name", "id", "last seen", "revoked", "created", "unenforced limits")
		return p.all(func(after string) (key string, n int, err error) {
			page, err := o.agents.List(ctx, after, listPage)
			for _, a := range page {
				key = a.Name
				if err := p.row(a.Name, a.ID, a.Seen, a.Revoked, a.Created, a.UnenforcedLimits); err != nil {
					return "", 0, err
				}
			}
			return key, len(page), err
		})
	})
}

func agentUnknownCommand(t terminal) *cobra.Command {
	c, format := list(&cobra.Command{
		Use: "unknown", Short: "List the desktops that run and that the database does not know",
		Long: "List the desktops that run and that the database does not know, because an older one was restored: by\n" +
			"their ids, with the agent, the organisation, since when they run, and the agent's last contact. No member\n" +
			"sees them. They run until `streamspace admin agent end-unknown`.",
		Example: "  streamspace admin agent unknown --output json",
	})
	return t.asReader(c, func(ctx context.Context, o operator, _ []string) error {
		p := o.print(*format, "session", "agent", "organisation", "namespace", "started", "last seen")
		var reached uuid.UUID
		return p.all(func(string) (key string, n int, err error) {
			page, err := o.agents.Unknown(ctx, reached, listPage)
			for _, u := range page {
				reached = u.Session
				if err := p.row(u.Session, u.Agent, u.Org, u.Namespace, u.Started, u.Seen); err != nil {
					return "", 0, err
				}
			}
			return reached.String(), len(page), err
		})
	})
}
