package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/streamspace-dev/streamspace/modules/templates"
	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// maxTemplate bounds the file of a template, in bytes. A template itself may have much less.
const maxTemplate = 1 << 20

func templateCommand(t terminal) *cobra.Command {
	c := group(&cobra.Command{
		Use: "template", Short: "Publish templates to every organisation, approve, refuse and withdraw them",
	})
	c.AddCommand(t.asOperator(&cobra.Command{
		Use:   "publish FILE",
		Short: "Publish a template to every organisation; a changed one becomes its next revision",
		Long: "Publish a template to every organisation. The file is JSON with name, title, description and spec:\n\n" +
			`  {"name": "terminal", "title": "Terminal", "spec": {"command": ["xterm", "-maximized"]}}` + "\n\n" +
			"A changed template with the same name becomes its next revision. The same again changes nothing.",
		Example: "  streamspace admin template publish terminal.json --operator me",
	}, func(ctx context.Context, o operator, args []string) error {
		n, err := readTemplate(args[0])
		if err != nil {
			return err
		}
		return o.templates.Publish(ctx, o.name, n)
	}))
	c.AddCommand(t.asOperator(&cobra.Command{
		Use: "withdraw NAME", Short: "Withdraw a template; desktops that were launched from it run on",
		Long: "Withdraw a template with all its revisions: no desktop is launched from it any more. Desktops that were\n" +
			"launched from it run on.",
		Example: "  streamspace admin template withdraw terminal --operator me",
	}, func(ctx context.Context, o operator, args []string) error {
		return o.templates.Withdraw(ctx, o.name, args[0])
	}))
	c.AddCommand(templateRequestsCommand(t), t.asOperator(&cobra.Command{
		Use: "approve SLUG NAME REVISION", Short: "Publish a template that an organisation asks to be published",
		Long: "Publish a revision of an organisation's template, which its admins ask to be published to every\n" +
			"organisation. `streamspace admin template requests` lists what is asked for. A template that was changed\n" +
			"since is refused. The organisation's admins can withdraw what was published.",
		Example: "  streamspace admin template approve acme browser 3 --operator me",
	}, func(ctx context.Context, o operator, args []string) error {
		revision, err := strconv.Atoi(args[2])
		if err != nil {
			return fmt.Errorf("%q is not the number of a revision", args[2])
		}
		in, err := o.org(ctx, args[0])
		if err != nil {
			return err
		}
		return o.templates.Approve(ctx, o.name, templates.Approval{Org: in, Name: args[1], Revision: revision})
	}), templateRejectCommand(t))
	return c
}

func templateRejectCommand(t terminal) *cobra.Command {
	var r templates.Rejection
	c := &cobra.Command{
		Use:   "reject SLUG NAME REVISION",
		Short: "Refuse to publish a template, with a reason that the organisation's admins see",
		Long: "Refuse to publish a revision of an organisation's template, which its admins ask to be published. They see\n" +
			"the reason until they change the template or ask again.",
		Example: "  streamspace admin template reject acme browser 3 --reason 'the command needs a licence' --operator me",
	}
	c.Flags().StringVar(&r.Reason, "reason", "", "why it is not published, for the organisation's admins")
	return t.asOperator(c, func(ctx context.Context, o operator, args []string) (err error) {
		r.Name = args[1]
		if r.Revision, err = strconv.Atoi(args[2]); err != nil {
			return fmt.Errorf("%q is not the number of a revision", args[2])
		}
		if r.Org, err = o.org(ctx, args[0]); err != nil {
			return err
		}
		return o.templates.Reject(ctx, o.name, r)
	})
}

func templateRequestsCommand(t terminal) *cobra.Command {
	c, format := list(&cobra.Command{
		Use: "requests", Short: "List the templates that organisations ask to be published",
		Long: "List the templates that organisations ask to be published, with what their sessions run. To publish one,\n" +
			"approve the revision that is listed; to refuse it, reject that.",
		Example: "  streamspace admin template requests --output json",
	})
	return t.asReader(c, func(ctx context.Context, o operator, _ []string) error {
		p := o.print(*format, "organisation", "name", "revision", "requested", "title", "description", "spec")
		var after templates.ID
		return p.all(func(string) (string, int, error) {
			page, err := o.templates.Requests(ctx, after, listPage)
			for _, r := range page {
				after = r.ID
				if err := p.row(r.Org, r.Name, r.Revision, r.At, r.Title, r.Description, string(r.Spec)); err != nil {
					return "", 0, err
				}
			}
			return "", len(page), err
		})
	})
}

// readTemplate reads a template and refuses fields that it does not know, which would be silently left out.
func readTemplate(file string) (templates.New, error) {
	f, err := os.Open(file)
	if err != nil {
		return templates.New{}, fmt.Errorf("read the template: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxTemplate+1))
	if err != nil {
		return templates.New{}, fmt.Errorf("read the template: %w", err)
	}
	if len(text) > maxTemplate {
		return templates.New{}, fmt.Errorf("%s is not a template: it has more than %d bytes", file, maxTemplate)
	}
	var n struct {
		Name        string       `json:"name"`
		Title       string       `json:"title"`
		Description string       `json:"description"`
		Spec        runtime.Spec `json:"spec"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&n); err != nil {
		return templates.New{}, fmt.Errorf("%s is not a template: %w", file, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return templates.New{}, fmt.Errorf("%s is not a template: something follows it", file)
	}
	return templates.New{Name: n.Name, Title: n.Title, Description: n.Description, Spec: n.Spec}, nil
}
