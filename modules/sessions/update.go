package sessions

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/modules/events"
	"github.com/streamspace-dev/streamspace/ports/input"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/version"
)

const (
	// maxTags bounds the tags of a session, and maxTag the characters of each. The database has the same limits.
	maxTags = 10
	maxTag  = 40
)

// Update is a change of what a session's owner calls it. A nil field stays.
type Update struct {
	Name     *string
	Tags     []string
	Expected version.Expected // which versions of the session may be changed
}

// check returns an Invalid fault that names the field.
func (u Update) check() error {
	var name error
	if u.Name != nil {
		name = input.Text("name", *u.Name, 1, maxName)
	}
	tags := input.Number("tags", int64(len(u.Tags)), 0, maxTags)
	for _, tag := range u.Tags {
		if strings.Contains(tag, ",") {
			tags = cmp.Or(tags, input.Invalid("tags", "must not contain commas"))
		}
		tags = cmp.Or(tags, input.Text("tags", tag, 1, maxTag))
	}
	return cmp.Or(name, tags)
}

// Update renames a session, or changes its tags. A session that has ended keeps its history, and can be renamed as
// well. It returns version.ErrChanged for a version that the caller does not expect, ErrNotFound, audit.ErrOtherOrg, or
// an Invalid fault that names the field.
func (s *Service) Update(ctx context.Context, who org.Scope, id ID, u Update) (Session, error) {
	if err := u.check(); err != nil {
		return Session{}, err
	}
	var out Session
	err := s.inOrg(ctx, who, func(tx Tx) error {
		was, err := tx.LockSession(ctx, id)
		if err != nil {
			return err
		}
		if err := u.Expected.Check(was.Version()); err != nil {
			return err
		}
		if out = u.apply(was); out.Name == was.Name && slices.Equal(out.Tags, was.Tags) {
			return nil
		}
		if err := tx.UpdateSession(ctx, id, out.Name, out.Tags); err != nil {
			return err
		}
		if err := events.Append(ctx, tx, Updated{ID: id, Name: out.Name, Tags: out.Tags}); err != nil {
			return err
		}
		return audit.Record(ctx, tx, "session.update", id)
	})
	if err != nil {
		return Session{}, s.missing(ctx, who, id, err)
	}
	return out, nil
}

func (u Update) apply(to Session) Session {
	if u.Name != nil {
		to.Name = *u.Name
	}
	if u.Tags != nil {
		tags := append([]string{}, u.Tags...) // not nil, which the database takes for no value
		slices.Sort(tags)
		to.Tags = slices.Compact(tags)
	}
	return to
}
