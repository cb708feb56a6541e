package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// Formats are those that a report can be written in.
func Formats() []string { return []string{"table", "json", "markdown"} }

// Write prints the report in a format.
func (r Report) Write(out io.Writer, format string) error {
	var text []byte
	switch format {
	case "table":
		text = r.table()
	case "json":
		var err error
		text, err = json.MarshalIndent(struct {
			Passed bool `json:"passed"`
			Report
		}{r.Passed(), r}, "", "  ")
		if err != nil {
			return fmt.Errorf("write the report as JSON: %w", err)
		}
		text = append(text, '\n')
	case "markdown":
		text = r.markdown()
	default:
		return fmt.Errorf("%q is not one of the formats %v", format, Formats())
	}
	_, err := out.Write(text)
	return err
}

// verdict is the report in a sentence.
func (r Report) verdict() string {
	switch {
	case !r.Passed():
		return "NOT PROVEN: this database may not keep organisations apart"
	case r.Partial:
		return "the catalogue keeps organisations apart; crossing was not tried"
	default:
		return "organisations are kept apart"
	}
}

func (r Report) table() []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "database %s at version %d, rules at version %d, PostgreSQL %s, as %s\n\n",
		r.Database, r.Version, r.RulesVersion, r.Server, r.User)
	for _, s := range r.Sections {
		fmt.Fprintf(&out, "%-9s %-8s %5d %-20s %8s\n", s.Name, s.Status, s.Checked, s.Unit, s.Took.Round(time.Millisecond))
		for _, f := range s.Findings {
			fmt.Fprintf(&out, "  ! %s\n", f)
		}
		for _, f := range s.Accepted {
			fmt.Fprintf(&out, "  ~ %s%s\n", f, acceptedMark)
		}
		for _, note := range s.Notes {
			fmt.Fprintf(&out, "    note: %s\n", note)
		}
	}
	fmt.Fprintf(&out, "\n%s (%s)\n", r.verdict(), r.Took.Round(time.Millisecond))
	return out.Bytes()
}

// markdown is a report that can be signed.
func (r Report) markdown() []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "# Audit of tenant isolation\n\n**%s**\n\n", r.verdict())
	table{"", ""}.write(&out, [][]string{
		{"Date", r.At.Format(time.RFC3339)}, {"Database", r.Database}, {"Version", fmt.Sprint(r.Version)},
		{"Rules", "version " + fmt.Sprint(r.RulesVersion)},
		{"Server", "PostgreSQL " + r.Server}, {"Run as", r.User}, {"Took", r.Took.Round(time.Millisecond).String()},
	})
	out.WriteString("\n## Results\n\n")
	var rows [][]string
	for _, s := range r.Sections {
		rows = append(rows, []string{s.Name, string(s.Status), fmt.Sprintf("%d %s", s.Checked, s.Unit),
			fmt.Sprint(len(s.Findings)), fmt.Sprint(len(s.Accepted))})
	}
	table{"Proof", "Status", "Checked", "Findings", "Accepted"}.write(&out, rows)
	for _, s := range r.Sections {
		for _, note := range s.Notes {
			fmt.Fprintf(&out, "\n%s: %s.\n", s.Name, note)
		}
	}
	r.writeFindings(&out)
	r.writeProbes(&out)
	out.WriteString("\n## The rules\n\n")
	writeRules(&out, r.Rules)
	out.WriteString("\n## Signature\n\nName: ____________________  Date: ____________  Signature: ____________________\n")
	return out.Bytes()
}

func (r Report) writeFindings(out *bytes.Buffer) {
	out.WriteString("\n## Findings\n\n")
	var rows [][]string
	for _, s := range r.Sections {
		for _, f := range s.Findings {
			rows = append(rows, []string{"open", f.Rule, f.Object, f.Detail})
		}
		for _, f := range s.Accepted {
			rows = append(rows, []string{"accepted", f.Rule, f.Object, f.Detail})
		}
	}
	if len(rows) == 0 {
		out.WriteString("None.\n")
		return
	}
	table{"", "Rule", "Object", "What"}.write(out, rows)
}

// writeProbes counts the attempts by who made them and what they came to. Each one stands in the JSON report.
func (r Report) writeProbes(out *bytes.Buffer) {
	type actor struct{ role, caller string }
	made, held := map[actor]int{}, map[actor]int{}
	var order []actor
	for _, p := range r.Probes {
		a := actor{p.Role, p.Caller}
		if made[a] == 0 {
			order = append(order, a)
		}
		made[a]++
		if p.Held {
			held[a]++
		}
	}
	if len(order) == 0 {
		return
	}
	out.WriteString("\n## Attempts to cross\n\nFrom one of two organisations, made and rolled back, into the other.\n\n")
	var rows [][]string
	for _, a := range order {
		rows = append(rows, []string{"`" + a.role + "`", a.caller, fmt.Sprint(made[a]), fmt.Sprint(held[a])})
	}
	table{"Role", "Caller", "Attempts", "Kept apart"}.write(out, rows)
}
