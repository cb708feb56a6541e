package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/streamspace-dev/streamspace/modules/templates"
	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// maxTemplate bounds the file of a template, in bytes. A template itself may have much less.
const maxTemplate = 1 << 20

func templateCommand(t terminal) *cobra.Command {
	c := group(&cobra.Command{Use: "template", Short: "Publish templates to every organisation, and withdraw them"})
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
	return c
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
	return templates.New(n), nil
}
