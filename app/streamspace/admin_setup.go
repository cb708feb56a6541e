package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/streamspace-dev/streamspace/modules/setup"
	"github.com/streamspace-dev/streamspace/ports/secret"
)

func setupCodeCommand(t terminal) *cobra.Command {
	return t.asOperator(&cobra.Command{
		Use:   "setup-code",
		Short: "Print the code with which a new installation gets its first organisation",
		Long: "Print the code with which a new installation gets its first organisation, at /setup of its page. It works\n" +
			"once, for an hour, while there is no organisation. A new code replaces the one before.\n" +
			"Only the code is printed on the standard output.",
		Example: "  streamspace admin setup-code --operator me",
	}, func(ctx context.Context, o operator, _ []string) error {
		code, err := setup.NewCode(ctx, o.db, o.name)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(o.say, "Open /setup of the page within %s and give it this code:\n", setup.CodeLasts)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(o.out, code.Reveal())
		return err
	})
}

// maxCode is how many bytes of the standard input are read as a setup code. One has 43.
const maxCode = 1 << 10

func setupCommand(t terminal) *cobra.Command {
	var first setup.First
	var file string
	c := &cobra.Command{
		Use:   "setup",
		Short: "Create the first organisation with its owner, as /setup of the page does",
		Long: "Create the first organisation with its owner, as /setup of the page does. The setup code is read from the\n" +
			"standard input, because others on the host can see a command's arguments.",
		Example: "  streamspace admin setup-code --operator me |\n" +
			"    streamspace admin setup --slug acme --name Acme --owner owner@acme.example --owner-name 'Ann Owner'",
	}
	orgFlags(c, &first.Org)
	c.Flags().StringVar(&first.Owner.Email, "owner", "", "email address of the owner")
	c.Flags().StringVar(&first.Owner.Name, "owner-name", "", "the owner's name")
	c.Flags().StringVar(&file, "password-file", "", passwordHelp)
	return t.asReader(c, func(ctx context.Context, o operator, _ []string) error {
		code, err := readCode(t.in)
		if err != nil {
			return err
		}
		p, err := password(file)
		if err != nil {
			return err
		}
		first.Owner.Password = p.value
		if first.Org.Namespace == "" {
			first.Org.Namespace = first.Org.Slug
		}
		if err := setup.NewService(o.db, o.passwords).SetUp(ctx, code, first); err != nil {
			return err
		}
		return o.tell(p)
	})
}

// readCode reads the first line of a program's standard input.
func readCode(in io.Reader) (secret.Secret, error) {
	text, err := io.ReadAll(io.LimitReader(in, maxCode))
	if err != nil {
		return secret.Secret{}, fmt.Errorf("read the setup code from the standard input: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if line = strings.TrimSpace(line); line == "" {
		return secret.Secret{}, errors.New("the setup code is missing: give it to the standard input")
	}
	return secret.Of(line), nil
}
