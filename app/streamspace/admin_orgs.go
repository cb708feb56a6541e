package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/streamspace-dev/streamspace/modules/orgs"
	"github.com/streamspace-dev/streamspace/ports/org"
)

func orgCommand(t terminal) *cobra.Command {
	c := group(&cobra.Command{Use: "org", Short: "Create, list, limit, suspend and resume organisations, and name owners"})
	c.AddCommand(orgCreateCommand(t), orgListCommand(t), orgLimitsCommand(t))
	for _, act := range []struct {
		cobra.Command

		do func(*orgs.Service, context.Context, string, org.ID) error
	}{
		{cobra.Command{
			Use: "suspend SLUG", Short: "Keep all members out, from their next request on; desktops run on",
			Long: "Keep all members out of an organisation, from their next request on, until\n" +
				"`streamspace admin org resume`. Its desktops run on, and its members keep their sign-ins, which open nothing\n" +
				"in the meantime.",
			Example: "  streamspace admin org suspend acme --operator me",
		}, (*orgs.Service).Suspend},
		{cobra.Command{
			Use: "resume SLUG", Short: "Let the members in again, with the sign-ins that they had",
			Long:    "Let the members of a suspended organisation in again, with the sign-ins that they had.",
			Example: "  streamspace admin org resume acme --operator me",
		}, (*orgs.Service).Resume},
	} {
		c.AddCommand(t.asOperator(&act.Command,
			func(ctx context.Context, o operator, args []string) error {
				in, err := o.org(ctx, args[0])
				if err != nil {
					return err
				}
				return act.do(o.orgs, ctx, o.name, in)
			}))
	}
	c.AddCommand(t.asOperator(&cobra.Command{
		Use: "owner SLUG EMAIL", Short: "Make a user an owner of an organisation",
		Long: "Make a user an owner of an organisation: a member of it, or another user. It is the way out when its\n" +
			"owners cannot sign in any more. The owners that it has stay owners.",
		Example: "  streamspace admin org owner acme second@acme.example --operator me",
	}, func(ctx context.Context, o operator, args []string) error {
		return o.inOrg(ctx, args[0], args[1], func(in org.ID, user org.UserID) error {
			return o.orgs.MakeOwner(ctx, o.name, in, user)
		})
	}))
	return c
}

func orgCreateCommand(t terminal) *cobra.Command {
	var n orgs.New
	var owner string
	c := &cobra.Command{
		Use:   "create",
		Short: "Create an organisation with its first owner, who exists already",
		Long: "Create an organisation with its first owner, whom `streamspace admin user create` has created. No agent\n" +
			"serves it yet: `streamspace admin agent serve` adds one.",
		Example: "  streamspace admin org create --slug acme --name Acme --owner owner@acme.example --operator me",
	}
	orgFlags(c, &n)
	c.Flags().StringVar(&owner, "owner", "", "email address of the first owner")
	return t.asOperator(c, func(ctx context.Context, o operator, _ []string) error {
		if n.Namespace == "" {
			n.Namespace = n.Slug
		}
		if owner != "" { // otherwise Create says which of the fields are wrong
			var err error
			if n.Owner, err = o.users.ByEmail(ctx, owner); err != nil {
				return err
			}
		}
		_, err := o.orgs.Create(ctx, o.name, n)
		return err
	})
}

// orgFlags adds the flags of a new organisation.
func orgFlags(c *cobra.Command, n *orgs.New) {
	c.Flags().StringVar(&n.Slug, "slug", "", "short name in lower case, which members name when they sign in")
	c.Flags().StringVar(&n.Name, "name", "", "name for people")
	c.Flags().StringVar(&n.Namespace, "namespace", "", "where its desktops run; not set: the slug")
	c.Flags().Int64Var(&n.Sessions.PerOrg, "sessions", 10, "desktops at the same time, for the organisation")
	c.Flags().Int64Var(&n.Sessions.PerUser, "sessions-per-user", 3, "desktops at the same time, for each member")
}

func orgLimitsCommand(t terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "limits SLUG",
		Short: "Change how much an organisation and each member may have",
		Long: "Change how many desktops an organisation and each of its members may have at the same time. The admins of\n" +
			"the organisation can set lower limits. A limit that is not given stays. Desktops above a lower limit run on;\n" +
			"new ones start when enough have ended.\n\n" +
			"Memory, CPU, processes and disk are limited for all desktops together, by what the template of each states.\n" +
			"Where one of them is limited, a template that states none of it cannot be launched; what runs already without\n" +
			"counts nothing. 0 removes such a limit.",
		Example: "  streamspace admin org limits acme --sessions 20 --sessions-per-user 4 --operator me\n" +
			"  streamspace admin org limits acme --memory 65536 --memory-per-user 16384 --operator me",
	}
	of := []struct{ kind, unit string }{
		{"sessions", "desktops at the same time"}, {"memory", "MiB of memory"}, {"cpu", "thousandths of a processor"},
		{"processes", "processes and threads"}, {"disk", "MiB of disk"},
	}
	values := make([]struct{ perOrg, perUser int64 }, len(of))
	for i, l := range of {
		c.Flags().Int64Var(&values[i].perOrg, l.kind, 0, l.unit+", for the organisation")
		c.Flags().Int64Var(&values[i].perUser, l.kind+"-per-user", 0, l.unit+", for each member")
	}
	given := func(flag string, value *int64) *int64 {
		if c.Flags().Changed(flag) {
			return value
		}
		return nil
	}
	return t.asOperator(c, func(ctx context.Context, o operator, args []string) error {
		in, err := o.org(ctx, args[0])
		if err != nil {
			return err
		}
		var to []orgs.Limit
		for i, l := range of {
			limit := orgs.Limit{Kind: l.kind, PerOrg: given(l.kind, &values[i].perOrg),
				PerUser: given(l.kind+"-per-user", &values[i].perUser)}
			if limit.PerOrg != nil || limit.PerUser != nil {
				to = append(to, limit)
			}
		}
		return o.orgs.SetLimits(ctx, o.name, in, to)
	})
}

func orgListCommand(t terminal) *cobra.Command {
	c, format := list(&cobra.Command{
		Use: "list", Short: "List the organisations",
		Long:    "List the organisations by slug, suspended ones included. Nothing of what is in them is read.",
		Example: "  streamspace admin org list --output json",
	})
	return t.asReader(c, func(ctx context.Context, o operator, _ []string) error {
		p := o.print(*format, "slug", "name", "id", "namespace", "suspended", "created")
		return p.all(func(after string) (key string, n int, err error) {
			page, err := o.orgs.List(ctx, after, listPage)
			for _, x := range page {
				key = x.Slug
				if err := p.row(x.Slug, x.Name, x.ID, x.Namespace, x.Suspended, x.Created); err != nil {
					return "", 0, err
				}
			}
			return key, len(page), err
		})
	})
}

func grantCommand(t terminal) *cobra.Command {
	var g orgs.Grant
	var role string
	var last time.Duration
	var end bool
	c := &cobra.Command{
		Use:   "grant SLUG EMAIL",
		Short: "Make a user a member of an organisation for a while, with a reason that its members see",
		Long: "Make a user a member of an organisation for a while. This is how an operator sees into an organisation:\n" +
			"its members see the grant and the reason, its owners can end it, and the sign-ins by it end with it.\n\n" +
			"--end ends it before its time, with the sign-ins by it. A membership without an end stays.",
		Example: "  streamspace admin grant acme me@ops.example --for 2h --reason 'desktop does not start' --operator me\n" +
			"  streamspace admin grant acme me@ops.example --end --operator me",
	}
	c.Flags().StringVar(&role, "role", string(org.RoleViewer), "admin, member or viewer")
	c.Flags().StringVar(&g.Reason, "reason", "", "what it is for")
	c.Flags().DurationVar(&last, "for", time.Hour, "how long, at most 30 days (720h)")
	c.Flags().BoolVar(&end, "end", false, "end it now")
	c.PreRunE = func(c *cobra.Command, _ []string) error {
		for _, flag := range []string{"role", "reason", "for"} {
			if end && c.Flags().Changed(flag) {
				return fmt.Errorf("--end ends a grant, and --%s is for a new one", flag)
			}
		}
		return nil
	}
	return t.asOperator(c, func(ctx context.Context, o operator, args []string) error {
		return o.inOrg(ctx, args[0], args[1], func(in org.ID, user org.UserID) error {
			if end {
				return o.orgs.EndAccess(ctx, o.name, in, user)
			}
			g.User, g.Role, g.Ends = user, org.Role(role), time.Now().Add(last)
			return o.orgs.GrantAccess(ctx, o.name, in, g)
		})
	})
}
