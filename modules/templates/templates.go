// Package templates has the templates that sessions are started from: an organisation's private ones, and the public
// ones that an operator has published for all organisations. Members read both with Service, and admins write the
// private ones; operators write both with Publisher.
//
// A template has numbered revisions, of which only the newest is kept of a private one. A session copies what it runs
// from it when it is created. So no later revision, and no deletion, changes a session that exists.
package templates

import (
	"strconv"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/modules/audit"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/runtime"
	"github.com/streamspace-dev/streamspace/ports/version"
)

// ErrNotFound is the fault of an unknown template.
var ErrNotFound = fault.New(fault.NotFound, "template_not_found", "There is no such template.").AsMiss()

// ErrUnreadable is the fault of a template whose stored form this version of the program does not know.
var ErrUnreadable = fault.New(fault.Conflict, "template_unreadable",
	"This template cannot be read. An admin of your organisation can write it again.")

// ErrNameTaken is the fault of a second template with a name.
var ErrNameTaken = fault.New(fault.Conflict, "template_name_taken",
	"Your organisation has a template with this name. Change that one, or choose another name.")

// maxTemplates is how many templates an organisation has at most. The database has the same limit.
const maxTemplates = 1000

// ErrTooMany is the fault of one template more than an organisation can have.
var ErrTooMany = fault.New(fault.Conflict, "too_many_templates",
	"Your organisation has 1000 templates, the most that it can have. Delete one that is not used any more.").
	With("limit", maxTemplates)

// ErrPublic is the fault of a member's change to a public template.
var ErrPublic = fault.New(fault.Forbidden, "template_is_public",
	"This is a public template, which only the operators of this installation change.")

// ErrNotRequested is the fault of an approval of a revision that no one asks to be published.
var ErrNotRequested = fault.New(fault.Conflict, "publication_not_requested",
	"No one asks for the publication of this revision of a template. List the requests again.")

// ErrPublicNameTaken is the fault of an approval of a template whose name another public one has.
var ErrPublicNameTaken = fault.New(fault.Conflict, "public_template_name_taken",
	"Another public template has this name. Withdraw that one first, or leave the request.")

// Resource is what the audit log calls a template.
var Resource = audit.Resource{Name: "template", NotFound: ErrNotFound}

// ID names a template.
type ID struct{ uuid.UUID }

// Template is one revision of what a session can be started from.
type Template struct {
	ID          ID
	Name        string // lower case letters, digits and dashes; unique in its organisation, and among the public ones
	Title       string // for people
	Description string
	Public      bool // every organisation may use it
	Revision    int  // counts the changes, from 1
	Publication Publication
	Rejection   string // why operators refused to publish this revision; for admins alone, empty without one
	Spec        runtime.Spec
	// Unreadable means that the stored spec has another form than this version knows, and Spec is empty. A newer version
	// may have written it.
	Unreadable bool
}

// Publication says whether a private template is public as well. It is empty for a public one.
type Publication string

// The states. A template that is published and was changed since can be requested again.
const (
	Unpublished Publication = "none"
	Requested   Publication = "requested" // its admins have asked for this revision to be published
	Published   Publication = "published" // an operator has published this revision or an earlier one
)

// Version names what the template shows.
func (t Template) Version() version.Version {
	v := strconv.Itoa(t.Revision)
	if t.Publication == Requested || t.Publication == Published {
		v += "." + string(t.Publication)
	}
	if t.Rejection != "" {
		v += ".rejected"
	}
	return version.Version(v)
}
