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
		cobra.Command

		do func(*identity.Users, context.Context, string, org.UserID) error
	}{
		{cobra.Command{
			Use: "disable EMAIL", Short: "Keep a user out of every organisation, at once",
			Long: "Keep a user out of every organisation, from their next request on, and end their sign-ins. Their\n" +
				"desktops run on. `streamspace admin user enable` lets them sign in again.",
			Example: "  streamspace admin user disable left@acme.example --operator me",
		}, (*identity.Users).Disable},
		{cobra.Command{
			Use: "enable EMAIL", Short: "Let a disabled user sign in again",
			Long:    "Let a disabled user sign in again, with the password and the memberships that they had.",
			Example: "  streamspace admin user enable back@acme.example --operator me",
		}, (*identity.Users).Enable},
		{cobra.Command{
			Use: "sign-out EMAIL", Short: "End all sign-ins and API keys of a user",
			Long: "End all sign-ins and API keys of a user, in every organisation, as after a stolen laptop. The audit\n" +
				"log of each organisation to which they were signed in says so. They can sign in again:\n" +
				"`streamspace admin user reset` also changes the password.",
			Example: "  streamspace admin user sign-out member@acme.example --operator me",
		}, (*identity.Users).SignOut},
	} {
		c.AddCommand(t.asOperator(&act.Command,
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
		Long: "Create a user, who can then be added to organisations. A password is never an argument, because other\n" +
			"users of this machine see those: it is read from a file, or made and printed, alone on a line of the\n" +
			"standard output.",
		Example: "  streamspace admin user create owner@acme.example --name 'Ada Owner' --operator me",
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
		Short: "Give a user another password, and end their sign-ins and API keys",
		Long: "Give a user another password, and end their sign-ins and API keys in every organisation. The password\n" +
			"is read from a file, or made and printed, alone on a line of the standard output. A disabled user stays\n" +
			"disabled.",
		Example: "  streamspace admin user reset member@acme.example --password-file password --operator me",
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
	c, format := list(&cobra.Command{
		Use: "list", Short: "List the users",
		Long:    "List the users by email address, disabled ones included. Their organisations are not read.",
		Example: "  streamspace admin user list --output json",
	})
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
