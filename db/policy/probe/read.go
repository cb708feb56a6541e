package probe

import (
	"fmt"
	"slices"
	"strings"
)

// reader reads one probe file, line by line.
type reader struct {
	s       *Script
	file    string
	valueOf func(name, value string) string
	section string
	by      string // the caller of what follows

	// The attempt that is being read: what leads up to it, and who acts in that last.
	steps []string
	last  string
}

// sections are the parts of a probe file. A file begins with its attempts.
var sections = []string{"names", "callers", "rows", "test rows", "attempts"}

func (s *Script) readFile(file, text string, valueOf func(name, value string) string) error {
	r := &reader{s: s, file: file, valueOf: valueOf, section: "attempts"}
	for _, line := range joined(text) {
		if slices.Contains(sections, line) {
			r.section, r.by = line, ""
			continue
		}
		if err := r.read(line); err != nil {
			return err
		}
	}
	if len(r.steps) > 0 {
		return fmt.Errorf("%q leads to no attempt", r.steps[len(r.steps)-1])
	}
	return nil
}

func (r *reader) read(line string) error {
	by, switches := strings.CutPrefix(line, "as ")
	if switches && !strings.Contains(line, " | ") {
		r.by = by
		_, err := r.s.As(by)
		return err
	}
	switch r.section {
	case "names":
		return r.name(line)
	case "callers":
		return r.caller(line)
	case "rows":
		return r.row(&r.s.rows, line)
	case "test rows":
		return r.row(&r.s.testRows, line)
	default:
		return r.attempt(line)
	}
}

// name reads "NAME = VALUE". A value that is a UUID stands for a quoted one, another for itself.
func (r *reader) name(line string) error {
	name, value, ok := strings.Cut(line, " = ")
	if _, again := r.s.names["{"+name+"}"]; !ok || again {
		return fmt.Errorf("%q is not a new name with a value", line)
	}
	value, _, _ = strings.Cut(value, "  # ")
	value = r.valueOf(name, strings.TrimSpace(value))
	if isID(value) {
		value = "'" + value + "'"
	}
	value, err := r.words(value)
	r.s.names["{"+name+"}"] = value
	return err
}

// caller reads "NAME = ROLE: STATEMENT", where the statement enters and no role is a superuser.
func (r *reader) caller(line string) error {
	name, how, ok := strings.Cut(line, " = ")
	role, enters, enter := strings.Cut(how, ": ")
	as, known := r.s.callers[role]
	if !ok || !enter || !known {
		return fmt.Errorf("%q is not a caller with a role and a statement by which it enters", line)
	}
	enters, err := r.words(enters)
	r.s.callers[name] = caller{as.role, enters}
	return err
}

func (r *reader) row(rows *[]statement, line string) error {
	sql, err := r.words(line)
	if r.by == "" {
		return fmt.Errorf("no one makes %q", line)
	}
	*rows = append(*rows, statement{r.by, sql})
	return err
}

// attempt reads "WANT | SQL". Before one may come "first | SQL", which makes it possible. Either may name a caller of
// its own: "ok 1 as super | SQL".
func (r *reader) attempt(line string) error {
	head, sql, ok := strings.Cut(line, " | ")
	if !ok {
		return fmt.Errorf("no | in %q", line)
	}
	want, by, named := strings.Cut(strings.TrimSpace(head), " as ")
	if !named {
		by = r.by
	}
	if by != r.last {
		steps, err := r.s.become(r.last, by)
		if err != nil {
			return err
		}
		r.steps, r.last = append(r.steps, steps...), by
	}
	sql, err := r.words(strings.TrimSpace(sql))
	if err != nil {
		return err
	}
	r.steps = append(r.steps, sql)
	if want = strings.TrimSpace(want); want == "first" {
		return nil
	}
	r.add(Attempt{Want: want, Steps: r.steps}, by == everyone)
	r.steps, r.last = nil, ""
	return nil
}

// add keeps an attempt. One that is everyone's was written in the name of the first role that serves, and is made in
// the others' too.
func (r *reader) add(a Attempt, everyones bool) {
	r.s.attempts[r.file] = append(r.s.attempts[r.file], a)
	if !everyones {
		return
	}
	first := r.s.takeRole + serving()[0]
	for _, role := range serving()[1:] {
		other := Attempt{Want: a.Want, Steps: slices.Clone(a.Steps)}
		for i, step := range other.Steps {
			if step == first {
				other.Steps[i] = r.s.takeRole + role
			}
		}
		r.s.attempts[r.file] = append(r.s.attempts[r.file], other)
	}
}

// words writes the names in a statement out, and refuses an unknown one.
func (r *reader) words(sql string) (string, error) {
	sql = r.s.Replace(sql)
	if unknown := word.FindString(sql); unknown != "" {
		return "", fmt.Errorf("%s is not a name that was read before", unknown)
	}
	return sql, nil
}

// joined are the lines of a file, without comments, each with what continues it.
func joined(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n ")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, " ") && len(out) > 0:
			out[len(out)-1] += " " + strings.TrimSpace(line)
		default:
			out = append(out, line)
		}
	}
	return out
}
