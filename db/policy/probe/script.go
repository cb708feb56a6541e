package probe

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/db"
	"github.com/streamspace-dev/streamspace/db/proof/probes"
)

// Script is the probe files, read. Their README.md describes their form.
type Script struct {
	names    map[string]string // with their braces
	callers  map[string]caller
	rows     []statement          // of the two organisations, made as production makes them
	testRows []statement          // further ones, which no production database is given
	attempts map[string][]Attempt // by file
	takeRole string
}

// caller is who acts: a role, and how it enters.
type caller struct{ role, enters string }

// statement is one that makes rows, and who makes them.
type statement struct{ by, sql string }

// Ways to take a role. A superuser acts as a connection of the role's own would; who is merely a member of the roles
// cannot, and takes them one by one.
const (
	asSession = "set local session authorization "
	asMember  = "set local role "
)

// stageFile is read before the others, which build on its names and rows.
const stageFile = "stage.txt"

// ForTests reads the probe files with the names' fixed ids, so that an attempt, and what notices a weakening, is the
// same from run to run. Roles are taken as a superuser does.
func ForTests() (*Script, error) {
	return read(probes.Files, asSession, func(_, value string) string { return value })
}

// ForAudit reads them with new ids and a salt for what must be unique, so that the two organisations are no one's in
// the database that is audited.
func ForAudit() (*Script, error) {
	return read(probes.Files, asMember, func(name, value string) string {
		switch {
		case name == "salt":
			return "-" + strings.ReplaceAll(uuid.NewString(), "-", "")
		case isID(value):
			return uuid.NewString()
		default:
			return value
		}
	})
}

func isID(value string) bool { _, err := uuid.Parse(value); return err == nil && len(value) == 36 }

func read(files fs.FS, takeRole string, valueOf func(name, value string) string) (*Script, error) {
	list, err := fs.Glob(files, "*.txt")
	if err != nil || len(list) == 0 {
		return nil, fmt.Errorf("list the probe files: %d, %w", len(list), err)
	}
	slices.SortStableFunc(list, func(a, b string) int { // the stage first
		return strings.Compare(strings.TrimPrefix(a, stageFile), strings.TrimPrefix(b, stageFile))
	})
	s := &Script{
		names: map[string]string{}, attempts: map[string][]Attempt{}, takeRole: takeRole,
		callers: map[string]caller{"super": {}, everyone: {role: serving()[0]}},
	}
	for _, role := range append(db.Roles(), "streamspace_owner", "streamspace_definer") {
		s.callers[short(role)] = caller{role: role}
	}
	for _, file := range list {
		text, err := fs.ReadFile(files, file)
		if err != nil {
			return nil, fmt.Errorf("read the probes: %w", err)
		}
		if err := s.readFile(strings.TrimSuffix(path.Base(file), ".txt"), string(text), valueOf); err != nil {
			return nil, fmt.Errorf("read the probes of %s: %w", file, err)
		}
	}
	return s, nil
}

// everyone is each role that serves, one after the other.
const everyone = "everyone"

// serving are the roles that log in to serve or to watch; the migrator does neither.
func serving() []string {
	return slices.DeleteFunc(db.Roles(), func(role string) bool { return role == "streamspace_migrator" })
}

// short is how a probe file calls a role.
func short(role string) string {
	if role == "streamspace_owner" { // an organisation's owner is called that
		return "table owner"
	}
	return strings.TrimPrefix(role, "streamspace_")
}

// Files lists the files that have attempts.
func (s *Script) Files() []string { return slices.Sorted(maps.Keys(s.attempts)) }

// Attempts are those of a file.
func (s *Script) Attempts(file string) []Attempt { return s.attempts[file] }

// word is a name in braces.
var word = regexp.MustCompile(`\{\w+\}`)

// Replace writes the names in a statement out.
func (s *Script) Replace(sql string) string {
	return word.ReplaceAllStringFunc(sql, func(name string) string {
		if value, ok := s.names[name]; ok {
			return value
		}
		return name // an array, or what is found to be wrong as it is run
	})
}

// Role is the full name of a caller's role; empty for a superuser.
func (s *Script) Role(name string) string { return s.callers[name].role }

// As are the statements by which a caller acts from the beginning of a transaction on.
func (s *Script) As(name string) ([]string, error) { return s.become("", name) }

// Leave does what the end of a transaction does: the next caller in it has no role of another's and has entered
// nothing. It says so by SET, which every role may.
func (s *Script) Leave() string {
	parts := []string{s.takeRole + map[string]string{asSession: "default", asMember: "none"}[s.takeRole]}
	for _, setting := range []string{
		"org_id", "user_id", "role", "credential_id", "agent_id", "agent_epoch", "session_id", "service", "operator",
	} {
		parts = append(parts, "set local app."+setting+" = ''")
	}
	return strings.Join(parts, "; ")
}

// become are the statements by which one caller follows another, of whom there may be none.
func (s *Script) become(before, name string) ([]string, error) {
	c, ok := s.callers[name]
	if !ok {
		return nil, fmt.Errorf("there is no caller %q", name)
	}
	var out []string
	if before != "" {
		out = append(out, s.Leave())
	}
	if c.role != "" {
		out = append(out, s.takeRole+c.role)
	}
	if c.enters != "" {
		out = append(out, s.Replace(c.enters))
	}
	return out, nil
}
