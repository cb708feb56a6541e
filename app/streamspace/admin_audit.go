package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/streamspace-dev/streamspace/app/settings"
	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/modules/orgs"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// headSettings are the settings of the commands that keep and compare heads of audit logs.
type headSettings struct {
	Heads string `env:"STREAMSPACE_AUDIT_HEADS"`
}

// standard is the name of a file that stands for standard input.
const standard = "-"

func logsCommand(t terminal) *cobra.Command {
	c := group(&cobra.Command{Use: "audit", Short: "Find organisations' audit logs that were changed"})
	c.AddCommand(auditHeadsCommand(t), auditVerifyCommand(t))
	return c
}

// withHeads adds the flag --heads and its setting to a command. The returned function is the file's name.
func (t terminal) withHeads(c *cobra.Command, usage string) (*cobra.Command, func() (string, error)) {
	flag := c.Flags().String("heads", "", usage+"; not set: STREAMSPACE_AUDIT_HEADS")
	return c, func() (string, error) {
		s, r := settings.Read[headSettings](t.environ)
		return cmp.Or(*flag, s.Heads), r.Err()
	}
}

// ofHeads makes a command run as a reader, with the setting of the file of heads.
func (t terminal) ofHeads(c *cobra.Command, do act) *cobra.Command {
	return t.asReader(c, do, settings.Of[headSettings](map[string]string{
		"STREAMSPACE_AUDIT_HEADS": "file in which heads of audit logs are kept",
	})...)
}

func auditHeadsCommand(t terminal) *cobra.Command {
	c, file := t.withHeads(&cobra.Command{
		Use:   "heads",
		Short: "Keep the number and the hash of the last entry of each organisation's audit log",
		Long: "Append the number and the hash of the last entry of each organisation's audit log to a file, one line of\n" +
			"JSON for each. Without a file they are printed, to be kept elsewhere. `streamspace admin audit verify`\n" +
			"compares the logs with them. Keep them where nobody who can change the database can change them. Nothing of\n" +
			"what is in a log is read.",
		Example: "  streamspace admin audit heads --heads /var/lib/streamspace-audit/heads\n" +
			"  streamspace admin audit heads | ssh vault 'cat >> heads'",
	}, "file to append to")
	return t.ofHeads(c, func(ctx context.Context, o operator, _ []string) error {
		name, err := file()
		if err != nil {
			return err
		}
		var lines bytes.Buffer
		out := json.NewEncoder(&lines)
		err = o.eachOrg(ctx, func(x orgs.Org) error {
			head, err := o.logs.Head(ctx, x.ID)
			if err != nil {
				return err
			}
			return out.Encode(audit.Kept{Head: head, At: time.Now(), Org: x.ID, Slug: x.Slug})
		})
		switch {
		case err != nil:
			return err
		case name == "":
			_, err = lines.WriteTo(o.out)
			return err
		default:
			return appendTo(name, lines.Bytes())
		}
	})
}

// eachOrg calls a function for each organisation, in the order of their slugs.
func (o operator) eachOrg(ctx context.Context, do func(orgs.Org) error) error {
	for after := ""; ; {
		page, err := o.orgs.List(ctx, after, listPage)
		if err != nil {
			return err
		}
		for _, x := range page {
			after = x.Slug
			if err := do(x); err != nil {
				return err
			}
		}
		if len(page) < listPage {
			return nil
		}
	}
}

// appendTo adds lines to a file in one write, and waits until the disk has them. Of two commands at the same time one
// waits. Nothing in the file is changed, so that it may be one that the system lets only grow (chattr +a). A full disk
// can leave half a line, which ReadKept reports.
func appendTo(name string, lines []byte) error {
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		return fmt.Errorf("keep the heads: %w", err)
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock %s: %w", name, err)
	}
	if _, err := f.Write(lines); err != nil {
		return fmt.Errorf("keep the heads: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("keep the heads: %w", err)
	}
	return f.Close()
}

func auditVerifyCommand(t terminal) *cobra.Command {
	var slug string
	c, format := list(&cobra.Command{
		Use:   "verify",
		Short: "Check that no organisation's audit log was changed, and compare the logs with kept heads",
		Long: "Check the chain of hashes of each organisation's audit log, and compare it with the heads that\n" +
			"`streamspace admin audit heads` has kept. The chain shows that an entry was changed or removed. Someone who\n" +
			"controls the database can write a log anew, with a chain that fits: only kept heads show that it was rewritten,\n" +
			"shortened or removed. Nothing of what is in a log is read. The exit status is 0 when every log is intact, and 1\n" +
			"otherwise.\n\n" +
			"Heads that were kept after the time of a backup do not fit the database that is restored from it: begin a new\n" +
			"file then.",
		Example: "  streamspace admin audit verify --heads /var/lib/streamspace-audit/heads\n" +
			"  ssh vault cat heads | streamspace admin audit verify --heads - --org acme",
	})
	c.Flags().StringVar(&slug, "org", "", "only this organisation, by its slug")
	c, file := t.withHeads(c, "file of kept heads, or - for standard input")
	return t.ofHeads(c, func(ctx context.Context, o operator, _ []string) error {
		name, err := file()
		if err != nil {
			return err
		}
		kept, err := t.kept(name)
		if err != nil {
			return err
		}
		v := verification{operator: o, kept: kept, out: o.print(*format, "org", "entries", "heads", "result")}
		if slug != "" {
			return v.one(ctx, slug)
		}
		return v.all(ctx)
	})
}

// kept reads a file of heads. Without one, nothing is compared.
func (t terminal) kept(name string) (map[org.ID][]audit.Kept, error) {
	if name == "" {
		return nil, nil
	}
	from := t.in
	if name != standard {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("read the kept heads: %w", err)
		}
		defer f.Close()
		from = io.Reader(f)
	}
	kept, err := audit.ReadKept(from)
	if err != nil {
		return nil, fmt.Errorf("read the kept heads of %s: %w", name, err)
	}
	return kept, nil
}

// verification is a check of audit logs that goes on.
type verification struct {
	operator

	kept    map[org.ID][]audit.Kept // of the logs that were not checked yet
	out     *printed
	changed int // logs that are not intact
}

// errChanged is the error of a check that found something. The list says what.
var errChanged = errors.New("not every audit log is as it was written")

func (v *verification) one(ctx context.Context, slug string) error {
	in, err := v.org(ctx, slug)
	if err != nil {
		return err
	}
	if err := v.check(ctx, orgs.Org{ID: in, Slug: slug}); err != nil {
		return err
	}
	return v.end()
}

func (v *verification) all(ctx context.Context) error {
	err := v.eachOrg(ctx, func(x orgs.Org) error {
		if err := v.check(ctx, x); err != nil {
			return err
		}
		return v.out.flush()
	})
	if err != nil {
		return err
	}
	var removed []audit.Kept
	for _, of := range v.kept { // which no organisation has taken out
		removed = append(removed, of[len(of)-1])
	}
	slices.SortFunc(removed, func(a, b audit.Kept) int { return strings.Compare(a.Slug, b.Slug) })
	for _, k := range removed {
		gone := audit.Verdict{Broken: max(k.Seq, 1), Reason: audit.Removed, Kept: k}
		if err := v.say(k.Slug, len(v.kept[k.Org]), gone); err != nil {
			return err
		}
	}
	return v.end()
}

func (v *verification) check(ctx context.Context, x orgs.Org) error {
	kept := v.kept[x.ID]
	delete(v.kept, x.ID)
	verdict, err := v.logs.Verify(ctx, x.ID, kept)
	if err != nil {
		return fmt.Errorf("check the audit log of %s: %w", x.Slug, err)
	}
	return v.say(x.Slug, len(kept), verdict)
}

func (v *verification) say(slug string, kept int, verdict audit.Verdict) error {
	if !verdict.Intact() {
		v.changed++
	}
	return v.out.row(slug, verdict.Checked.Seq, kept, verdict.String())
}

func (v *verification) end() error {
	if err := v.out.flush(); err != nil {
		return err
	}
	if v.changed > 0 {
		return errChanged
	}
	return nil
}
