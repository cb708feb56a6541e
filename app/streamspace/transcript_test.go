package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

var update = flag.Bool("update", false, "write docs/cli.md instead of comparing it")

// transcript is where the transcript of the commands is kept.
const transcript = "../../docs/cli.md"

// examples are the calls of the transcript, beside each command's --help: settings, the command's name and its
// arguments, as a shell takes them. They need no database.
var examples = []string{
	`streamspace unknown`,
	`STREAMSPACE_DATABASE_URL=postgres://postgres:secret@localhost STREAMSPACE_PUBLIC_URL=localhost ` +
		`STREAMSPACE_LOG_LEVEL=loud streamspace dev`,
	`STREAMSPACE_LISTEN=8080 STREAMSPACE_DATABASE_CONNECTIONS=many STREAMSPACE_TRUSTED_PROXIES=everyone ` +
		`STREAMSPACE_PUBLIC_URL=https://desks.example.com/console STREAMSPACE_LOG_LEVEL=loud streamspace serve`,
	`STREAMSPACE_DATABASE_URL=postgres://app:secret@db/streamspace STREAMSPACE_SIGNING_KEYS=/nonexistent ` +
		`STREAMSPACE_TLS_CERT=/nonexistent STREAMSPACE_TLS_KEY=/nonexistent streamspace serve`,
	`streamspace agent`,
	`STREAMSPACE_CONTROL_URL=control:8080 STREAMSPACE_CONTROL_CA=/nonexistent ` +
		`STREAMSPACE_AGENT_CREDENTIAL=/nonexistent STREAMSPACE_AGENT_UNCONFINED=perhaps streamspace agent`,
	`STREAMSPACE_CONTROL_URL=control:8080 STREAMSPACE_AGENT_SLOTS=0 streamspace agent doctor --json`,
	`streamspace agent doctor host-1`,
	`streamspace migrate`,
	`STREAMSPACE_DATABASE_URL=postgres://127.0.0.1:1/streamspace?sslmode=disable streamspace migrate`,
	`streamspace policy prove`,
	`streamspace policy audit`,
	`STREAMSPACE_AUDIT_DATABASE_URL=postgres://x:secret@[ streamspace policy audit`,
	`STREAMSPACE_AUDIT_DATABASE_URL=postgres://127.0.0.1:1/streamspace streamspace policy audit --accept=/nonexistent`,
	`streamspace policy audit --fast`,
	`streamspace policy matrix`,
	`STREAMSPACE_DATABASE_URL=postgres://127.0.0.1:1/streamspace?sslmode=disable streamspace policy matrix`,
	`streamspace admin database prepare`,
	`STREAMSPACE_ADMIN_DATABASE_URL=postgres://admin:secret@[ streamspace admin database prepare`,
	`STREAMSPACE_DATABASE_URL=postgres://admin@127.0.0.1:1/streamspace?sslmode=disable streamspace admin database prepare`,
	`streamspace admin organisation list`,
	`streamspace admin database migrate`,
	`streamspace admin setup-code`,
	`STREAMSPACE_DATABASE_URL=postgres://me:secret@db/streamspace streamspace admin setup-code`,
	`streamspace admin org remove acme`,
	`streamspace admin org create`,
	`streamspace admin org create acme`,
	`streamspace admin org list`,
	`streamspace admin org list --output xml`,
	`STREAMSPACE_DATABASE_URL=postgres://127.0.0.1:1/streamspace?sslmode=disable streamspace admin org list`,
	`streamspace admin org limits`,
	`streamspace admin org limits acme --memory 64G`,
	`streamspace admin org suspend`,
	`STREAMSPACE_DATABASE_URL=postgres://127.0.0.1:1/streamspace?sslmode=disable streamspace admin org suspend acme`,
	`streamspace admin org resume`,
	`streamspace admin org owner acme`,
	`streamspace admin setup now`,
	`streamspace admin user remove`,
	`streamspace admin user create`,
	`streamspace admin user list`,
	`streamspace admin user reset`,
	`streamspace admin user disable`,
	`streamspace admin user enable`,
	`streamspace admin user sign-out`,
	`streamspace admin agent enroll host-1`,
	`streamspace admin agent enrol`,
	`streamspace admin agent list`,
	`streamspace admin agent rotate`,
	`streamspace admin agent serve host-1`,
	`streamspace admin agent end-unknown now`,
	`streamspace admin agent unknown now`,
	`streamspace admin agent revoke`,
	`streamspace admin template list`,
	`streamspace admin template publish`,
	`streamspace admin template withdraw`,
	`streamspace admin template approve acme browser`,
	`streamspace admin template reject acme browser`,
	`streamspace admin template requests all`,
	`streamspace admin log`,
	`streamspace admin grant acme`,
	`streamspace admin grant acme me@ops.example --end --reason help`,
	`streamspace admin audit check`,
	`streamspace admin audit heads acme`,
	`streamspace admin audit verify acme`,
	`streamspace admin audit verify --output xml`,
	`streamspace events`,
	`STREAMSPACE_URL=localhost:8080 STREAMSPACE_TOKEN=x streamspace events --follow`,
	`STREAMSPACE_URL=http://127.0.0.1:1 STREAMSPACE_TOKEN=x streamspace events --after -5`,
	`STREAMSPACE_URL=http://127.0.0.1:1 STREAMSPACE_TOKEN=x streamspace events`,
	`streamspace version`,
	`streamspace version now`,
}

const transcriptHead = `<!-- Written by TestTranscript from what the commands print: make generate -->

# Commands

What each command prints for --help and for mistakes, and its exit status. Lines of errors go to standard error.
`

// TestTranscript compares what the commands print with the transcript. A command without an example of a failure fails
// it, so that a new command is added to the list.
func TestTranscript(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(transcriptHead)
	walk(rootCommand(terminal{}), func(c *cobra.Command) {
		path := c.CommandPath()
		fmt.Fprintf(&b, "\n## %s\n\n```console", path)
		record(t, &b, path+" --help")
		failures := 0
		for _, e := range examples {
			if commandOf(e) == path && record(t, &b, e) != 0 {
				failures++
			}
		}
		b.WriteString("```\n")
		if c.Runnable() && failures == 0 {
			t.Errorf("%s has no example of a failure: add one", path)
		}
		ofOperators := c.Flag("operator") != nil || c.Flag("output") != nil
		if ofOperators && (c.Long == "" || c.Example == "") {
			t.Errorf("%s has no long help with an example: add it", path)
		}
	})
	if *update {
		if err := os.WriteFile(transcript, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(transcript)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("docs/cli.md is not what the commands print (-docs +printed). "+
			"Write it with: go test ./app/streamspace -run TestTranscript -update\n%s", diff)
	}
}

// walk calls a function for a command and each one below it.
func walk(c *cobra.Command, do func(*cobra.Command)) {
	do(c)
	for _, below := range c.Commands() {
		walk(below, do)
	}
}

// commandOf is the command that an example is for: the longest one whose name it has.
func commandOf(example string) (path string) {
	_, args, _ := split(example)
	walk(rootCommand(terminal{}), func(c *cobra.Command) {
		words := strings.Fields(c.CommandPath())[1:]
		if len(args) >= len(words) && slices.Equal(args[:len(words)], words) && len(c.CommandPath()) > len(path) {
			path = c.CommandPath()
		}
	})
	return path
}

// split divides an example into settings and arguments.
func split(example string) (environ, args []string, ok bool) {
	words := strings.Fields(example)
	i := slices.Index(words, "streamspace")
	if i < 0 {
		return nil, nil, false
	}
	return words[:i], words[i+1:], true
}

// versions are what differs between two builds of the same source.
var versions = regexp.MustCompile(`(?m)^streamspace \S+ \(go\S+\)$|(database|rules) version \d+`)

// record runs an example and writes what a terminal would show of it. It returns the exit status.
func record(t *testing.T, b *strings.Builder, example string) int {
	t.Helper()
	environ, args, ok := split(example)
	if !ok {
		t.Fatalf("an example without the program: %s", example)
	}
	var out bytes.Buffer
	status := run(t.Context(), terminal{args, environ, strings.NewReader(""), &out, &out})
	said := versions.ReplaceAllStringFunc(out.String(), func(s string) string {
		if kind, _, ok := strings.Cut(s, " version "); ok {
			return kind + " version N"
		}
		return "streamspace v1.2.3 (go1.26.0)"
	})
	fmt.Fprintf(b, "\n$ %s\n%s", example, said)
	if status != 0 {
		fmt.Fprintf(b, "exit status %d\n", status)
	}
	return status
}

// TestEverySettingIsInTheReadme compares the settings that the commands' help lists with those of the README.
func TestEverySettingIsInTheReadme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	inHelp := map[string]bool{}
	walk(rootCommand(terminal{}), func(c *cobra.Command) {
		for _, m := range regexp.MustCompile(`(?m)^  (STREAMSPACE_\w+)\n +(.*)$`).FindAllStringSubmatch(c.UsageString(), -1) {
			inHelp[m[1]] = true
			if m[2] == "" || strings.HasPrefix(m[2], "(default") {
				t.Errorf("%s: the help of %s is empty", c.CommandPath(), m[1])
			}
			if !bytes.Contains(readme, []byte(m[1])) {
				t.Errorf("the README lacks %s of %s", m[1], c.CommandPath())
			}
		}
	})
	for _, m := range regexp.MustCompile("(?m)^\\| `(STREAMSPACE_\\w+)` \\|").FindAllSubmatch(readme, -1) {
		if !inHelp[string(m[1])] {
			t.Errorf("the README has %s, which no command lists", m[1])
		}
	}
	if len(inHelp) < 15 {
		t.Errorf("only %d settings were found", len(inHelp))
	}
}

// TestNoMessageShowsAPassword gives each command addresses with a password, most of them wrong, in every setting that
// is an address. Seen to fail with the errors of pgx and of net/url in a message.
func TestNoMessageShowsAPassword(t *testing.T) {
	t.Parallel()
	credential := filepath.Join(t.TempDir(), "credential")
	if err := os.WriteFile(credential, []byte("0199c2d0-0000-7000-8000-000000000000.x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{
		"postgres://me:hunter2@[", "postgres://me:hunter2@127.0.0.1:1/streamspace?sslmode=hunter2",
		"postgres://me:hunter2@127.0.0.1:1/streamspace?connect_timeout=1", "postgres://127.0.0.1:x/y?password=hunter2",
		"host=127.0.0.1 port=1 user=me password=hunter2 dbname=x", "host=127.0.0.1 password=hunter2 port=x",
		"me:hunter2@127.0.0.1", "http://me:hunter2@127.0.0.1:1", "http://me:hunter2@127.0.0.1:x",
	} {
		walk(rootCommand(terminal{}), func(c *cobra.Command) {
			settings := regexp.MustCompile(`(?m)^  (STREAMSPACE_\w+_URL)$`).FindAllStringSubmatch(c.UsageString(), -1)
			if !c.Runnable() || len(settings) == 0 {
				return
			}
			environ := []string{"STREAMSPACE_AGENT_CREDENTIAL=" + credential, "STREAMSPACE_DATA=" + t.TempDir()}
			for _, s := range settings {
				environ = append(environ, s[1]+"="+address)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			said := firstWords{end: cancel}
			run(ctx, terminal{strings.Fields(c.CommandPath())[1:], environ, strings.NewReader(""), &said, &said})
			if s := said.String(); s == "" || strings.Contains(s, "hunter2") {
				t.Errorf("%s with %s says: %s", c.CommandPath(), address, s)
			}
		})
	}
}

// firstWords keeps what a command says, and ends one that would go on.
type firstWords struct {
	bytes.Buffer
	end context.CancelFunc
}

func (f *firstWords) Write(b []byte) (int, error) {
	f.end()
	return f.Buffer.Write(b)
}
