package attack

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/streamspace-dev/streamspace/ports/org"
)

var (
	templateTaken    = verdict{409, "template_name_taken"}
	templateIsPublic = verdict{403, "template_is_public"}
	changedSince     = verdict{412, "precondition_failed"}
)

// shownTemplate is a template as the API shows it, in a session or by itself.
type shownTemplate struct {
	ID          uuid.UUID  `json:"id"`
	Name        string     `json:"name"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	Revision    int        `json:"revision"`
	Spec        *shownSpec `json:"spec"`
	IsPublic    bool       `json:"is_public"`
	Publication string     `json:"publication"`
}

type shownSpec struct {
	Command []string `json:"command"`
}

func (p *modelTemplate) shown() shownTemplate {
	out := shownTemplate{
		ID: p.id, Name: p.name, Title: p.title, IsPublic: p.public, Revision: p.revision, Spec: &shownSpec{},
	}
	if !p.public {
		out.Publication = "none"
		if p.requested {
			out.Publication = "requested"
		}
		out.Description = "For " + p.of.canary
		out.Spec.Command = []string{"show", p.of.canary}
	}
	return out
}

// body is a template with the canary of a realm in every text of its own choice.
func (r *realm) body(name string) string {
	b, _ := json.Marshal(map[string]any{ // texts: cannot fail
		"name": name, "title": "Desk " + r.canary, "description": "For " + r.canary,
		"spec": map[string]any{"command": []string{"show", r.canary}},
	})
	return string(b)
}

// createTemplate has someone create a template, under one of a few names of their realm or that of a public one.
func (f *arena) createTemplate(t *rapid.T) *shot {
	w := f.asker(t)
	name := pick(t, "name", []string{"desk", "x", "y", "z"})
	if name != "desk" {
		name = w.of(f).canary + name
	}
	q := request{
		operation: "createTemplate", method: http.MethodPost, path: "/api/v1/templates", body: w.of(f).body(name),
		target: name, manages: true,
	}
	var made *modelTemplate
	return f.apiShot(t, w, q, func(w *asking, _ org.Role) verdict {
		of := w.access.of
		if slices.ContainsFunc(of.templates, func(p *modelTemplate) bool { return p.name == name }) {
			return templateTaken
		}
		of.audit["template.create"]++
		of.templatesMade++
		made = &modelTemplate{
			label: fmt.Sprintf("%s.made%d", of.label, of.templatesMade), name: name, title: "Desk " + of.canary, of: of,
			revision: 1,
		}
		return verdict{status: 201}
	}, func(body []byte) error {
		var got shownTemplate
		if err := decode(body, &got); err != nil {
			return err
		}
		made.id = got.ID
		made.of.templates = append(made.of.templates, made)
		f.own("template", made.id, made.of)
		return shows(made.shown(), body)
	})
}

// updateTemplate has someone change the title of a template, sometimes only in the version that they have read.
func (f *arena) updateTemplate(t *rapid.T) *shot {
	w := f.asker(t)
	i := f.name(t, "template", w.of(f))
	title := fmt.Sprintf("Desk %d %s", rapid.IntRange(1, 3).Draw(t, "title"), w.of(f).canary)
	q := request{
		operation: "updateTemplate", method: http.MethodPatch, path: "/api/v1/templates/" + i.text, target: i.label,
		form: i.form, body: fmt.Sprintf(`{"title":%q}`, title), manages: true,
	}
	version := f.ifMatch(t, &q)
	var want *modelTemplate
	return f.apiShot(t, w, q, func(w *asking, _ org.Role) verdict {
		of := w.access.of
		was, v := of.mayWrite(i.id, version)
		if want = was; v == proceed && was.title != title {
			next := *was // sessions keep the revision before
			next.title, next.revision, next.requested = title, was.revision+1, false
			of.templates[slices.Index(of.templates, was)] = &next
			of.audit["template.update"]++
			want = &next
		}
		if v == proceed {
			v.status = http.StatusOK
		}
		return v
	}, func(body []byte) error { return shows(want.shown(), body) })
}

// deleteTemplate is fired alone: a caller of another realm is told of an id whether it is someone's or no one's.
func (f *arena) deleteTemplate(t *rapid.T) *shot { return f.deletion(t, true) }

// failDeletion has someone delete a template that is not their own to delete.
func (f *arena) failDeletion(t *rapid.T) *shot { return f.deletion(t, false) }

func (f *arena) deletion(t *rapid.T, own bool) *shot {
	w := f.asker(t)
	i := f.name(t, "template", w.of(f))
	if f.ownerOf("template", i.id) == w.of(f) && !own {
		i.id = uuid.Must(uuid.NewV7())
		i.text, i.label, i.form = i.id.String(), "an id of nothing", proceed
	}
	q := request{
		operation: "deleteTemplate", method: http.MethodDelete, path: "/api/v1/templates/" + i.text, target: i.label,
		form: i.form, manages: true,
	}
	version := f.ifMatch(t, &q)
	return f.apiShot(t, w, q, func(w *asking, _ org.Role) verdict {
		of := w.access.of
		p, v := of.mayWrite(i.id, version)
		if v != proceed {
			return v
		}
		of.templates = slices.DeleteFunc(of.templates, func(o *modelTemplate) bool { return o == p })
		f.own("template", p.id, nil)
		of.audit["template.delete"]++
		return verdict{status: http.StatusNoContent}
	}, nil)
}

// ifMatch draws the version that a change expects; empty: any.
func (f *arena) ifMatch(t *rapid.T, q *request) string {
	version := pick(t, "expected version", []string{"", "", "", "1", "2", "1.requested"})
	if version != "" {
		q.header = http.Header{"If-Match": {strconv.Quote(version)}}
		q.target += " in version " + version
	}
	return version
}

// version is the template's, as an ETag has it.
func (p *modelTemplate) version() string {
	v := strconv.Itoa(p.revision)
	if p.requested {
		v += ".requested"
	}
	return v
}

// mayWrite predicts whether an admin of the realm may change a template, of which they expect a version.
func (r *realm) mayWrite(id uuid.UUID, version string) (*modelTemplate, verdict) {
	p := r.find(id.String())
	switch {
	case p == nil:
		return nil, r.missed("template", id)
	case p.public:
		return nil, templateIsPublic
	case version != "" && version != p.version():
		return nil, changedSince
	default:
		return p, proceed
	}
}

// requestPublication has someone ask the operators to publish a template. Here they never do.
func (f *arena) requestPublication(t *rapid.T) *shot {
	var want shownTemplate
	return f.publication(t, "requestPublication", http.MethodPut, func(p *modelTemplate) verdict {
		if !p.requested {
			p.requested = true
			p.of.audit["template.request_publication"]++
		}
		want = p.shown()
		return verdict{status: http.StatusOK}
	}, func(body []byte) error { return shows(want, body) })
}

// withdrawPublication has someone end a request.
func (f *arena) withdrawPublication(t *rapid.T) *shot {
	return f.publication(t, "withdrawPublication", http.MethodDelete, func(p *modelTemplate) verdict {
		if p.requested {
			p.requested = false
			p.of.audit["template.withdraw_publication"]++
		}
		return verdict{status: http.StatusNoContent}
	}, nil)
}

func (f *arena) publication(
	t *rapid.T, operation, method string, then func(*modelTemplate) verdict, look func([]byte) error,
) *shot {
	w := f.asker(t)
	i := f.name(t, "template", w.of(f))
	q := request{
		operation: operation, method: method, path: "/api/v1/templates/" + i.text + "/publication", target: i.label,
		form: i.form, manages: true,
	}
	version := f.ifMatch(t, &q)
	return f.apiShot(t, w, q, func(w *asking, _ org.Role) verdict {
		p, v := w.access.of.mayWrite(i.id, version)
		if v == proceed {
			v = then(p)
		}
		return v
	}, look)
}
