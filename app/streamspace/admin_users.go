package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/streamspace-dev/streamspace/modules/identity"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

func userCommand(t terminal) *cobra.Command {
	c := group(&cobra.Command{Use: "user", Short: "Create, list, disable and sign out users, and reset passwords"})
	c.AddCommand(userCreateCommand(t), userListCommand(t), userResetCommand(t))
	for _, act := range []struct {
		use, short string
		do         func(*identity.Users, context.Context, string, org.UserID) error
	}{
		{"disable EMAIL", "Keep a user out of every organisation, at once", (*identity.Users).Disable},
		{"enable EMAIL", "Let a disabled user sign in again", (*identity.Users).Enable},
		{"sign-out EMAIL", "End all sign-ins of a user", (*identity.Users).SignOut},
	} {
		c.AddCommand(t.asOperator(&cobra.Command{Use: act.use, Short: act.short},
			func(ctx context.Context, o operator, args []string) error {
				user, err := o.users.ByEmail(ctx, args[0])
				if err != nil {
					return err
				}
				return act.do(o.users, ctx, o.name, user)
			}))
	}
	return c
}

// newPassword is a password that a user is given.
type newPassword struct {
	value string
	made  bool // by the command, which prints it
}

// password reads a password from a file. Without a file it makes one.
func password(file string) (newPassword, error) {
	if file == "" {
		return newPassword{secret.New().Reveal(), true}, nil
	}
	b, err := secret.ReadFile(os.DirFS(filepath.Dir(file)), filepath.Base(file))
	if err != nil {
		return newPassword{}, fmt.Errorf("read the password from %s: %w", file, err)
	}
	return newPassword{value: strings.TrimSpace(string(b))}, nil
}

// tell prints a password that was made. It is called when the user has it: a script would keep the password of a
// refused command.
func (o operator) tell(p newPassword) error {
	if !p.made {
		return nil
	}
	_, err := fmt.Fprintln(o.out, p.value)
	return err
}

const passwordHelp = "file with the password, which only you can read; not set: one is made and printed"

func userCreateCommand(t terminal) *cobra.Command {
	var n identity.NewUser
	var file string
	c := &cobra.Command{
		Use:   "create EMAIL",
		Short: "Create a user, who can then be added to organisations",
	}
	c.Flags().StringVar(&n.Name, "name", "", "the user's name")
	c.Flags().StringVar(&file, "password-file", "", passwordHelp)
	return t.asOperator(c, func(ctx context.Context, o operator, args []string) error {
		p, err := password(file)
		if err != nil {
			return err
		}
		n.Email, n.Password = args[0], p.value
		if _, err := o.users.Create(ctx, o.name, n); err != nil {
			return err
		}
		return o.tell(p)
	})
}

func userResetCommand(t terminal) *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "reset EMAIL",
		Short: "Give a user another password, and end their sign-ins",
	}
	c.Flags().StringVar(&file, "password-file", "", passwordHelp)
	return t.asOperator(c, func(ctx context.Context, o operator, args []string) error {
		user, err := o.users.ByEmail(ctx, args[0])
		if err != nil {
			return err
		}
		p, err := password(file)
		if err != nil {
			return err
		}
		if err := o.users.SetPassword(ctx, o.name, user, p.value); err != nil {
			return err
		}
		return errors.Join(o.tell(p), o.users.SignOut(ctx, o.name, user))
	})
}

func userListCommand(t terminal) *cobra.Command {
	c, format := list(&cobra.Command{Use: "list", Short: "List the users"})
	return t.asReader(c, func(ctx context.Context, o operator, _ []string) error {
		p := o.print(*format, "email", "name", "id", "disabled", "created")
		return p.all(func(after string) (key string, n int, err error) {
			page, err := o.users.List(ctx, after, listPage)
			for _, u := range page {
				key = u.Email
				if err := p.row(u.Email, u.Name, u.ID, u.Disabled, u.Created); err != nil {
					return "", 0, err
				}
			}
			return key, len(page), err
		})
	})
}
