package codelint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// module is how our packages' import paths begin.
const module = "github.com/streamspace-dev/streamspace/"

// pkg is a package with its imports: ours and others', by their full paths.
type pkg struct {
	path    string // relative to the module
	imports []string
	tests   []string
}

// rules are the two tables of the section on imports.
type rules struct {
	rows         []row
	technologies []technology
	planned      map[string]bool // paths that need not match a package yet
}

// row says what the packages at a path may import.
type row struct {
	path         string // "adapters/*"
	ours, others []string
	anyOther     bool
}

// technology says where a third party's packages may be imported.
type technology struct {
	path   string
	places []string
}

// code finds the paths in a cell, each with the mark after it.
var code = regexp.MustCompile("`([^`]+)`( \\(planned\\))?")

func readRules(text string) (rules, error) {
	_, section, found := strings.Cut("\n"+text, "\n## Imports\n")
	if !found {
		return rules{}, fmt.Errorf("the document has no section on imports")
	}
	section, _, _ = strings.Cut(section, "\n## ")

	r := rules{planned: map[string]bool{}}
	var heading []string
	for line := range strings.Lines(section) {
		cells, ok := cellsOf(line)
		switch {
		case !ok:
			heading = nil // a table ends
		case heading == nil:
			heading = cells
		case strings.HasPrefix(cells[0], "---"):
		default:
			if err := r.add(heading, cells); err != nil {
				return rules{}, fmt.Errorf("read %q: %w", strings.TrimSpace(line), err)
			}
		}
	}
	if len(r.rows) == 0 {
		return rules{}, fmt.Errorf("the section on imports has no table of packages")
	}
	return r, nil
}

func cellsOf(line string) ([]string, bool) {
	line = strings.TrimSpace(line)
	if !strings.HasPrefix(line, "|") {
		return nil, false
	}
	cells := strings.Split(strings.Trim(line, "|"), "|")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells, true
}

func (r *rules) add(heading, cells []string) error {
	if len(cells) != len(heading) {
		return fmt.Errorf("%d cells under %d headings", len(cells), len(heading))
	}
	lists := make([][]string, len(cells))
	for i, cell := range cells {
		for _, m := range code.FindAllStringSubmatch(cell, -1) {
			lists[i] = append(lists[i], m[1])
			if m[2] != "" {
				r.planned[m[1]] = true
			}
		}
		if lists[i] == nil && cell != "none" && cell != "any" {
			return fmt.Errorf("%q must be a list of paths, none or any", cell)
		}
	}
	if len(lists[0]) != 1 {
		return fmt.Errorf("a row must have exactly one path")
	}
	switch heading[0] {
	case "Package":
		r.rows = append(r.rows, row{path: lists[0][0], ours: lists[1], others: lists[2], anyOther: cells[2] == "any"})
	case "Technology":
		r.technologies = append(r.technologies, technology{path: lists[0][0], places: lists[1]})
	default:
		return fmt.Errorf("no table begins with %q", heading[0])
	}
	return nil
}

// violations lists what the packages import against the rules.
func (r rules) violations(packages []pkg) []string {
	var faults []string
	say := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	for _, p := range packages {
		own, w, ok := r.rowOf(p.path)
		if !ok {
			say("%s is in no row of the import table", p.path)
			continue
		}
		for _, imported := range p.imports {
			if !w.allows(own, imported) {
				say("%s imports %s, which its row does not allow", p.path, strings.TrimPrefix(imported, module))
			}
			for _, t := range r.technologies {
				if below(t.path, imported) && !belowAny(t.places, p.path) {
					say("%s imports %s, which belongs in %s", p.path, imported, strings.Join(t.places, ", "))
				}
			}
		}
		for _, imported := range p.tests {
			if below(module+"app", imported) && !below("app", p.path) {
				say("a test of %s imports %s, which only app's own do", p.path, strings.TrimPrefix(imported, module))
			}
		}
	}
	return faults
}

// unmatched lists the paths that name no package.
func (r rules) unmatched(packages []pkg) []string {
	var paths, faults []string
	for _, w := range r.rows {
		paths = append(paths, w.path)
	}
	for _, t := range r.technologies {
		paths = append(paths, t.places...)
	}
	for i, path := range paths {
		here := func(p pkg) bool { return match(path, p.path) != "" }
		if slices.Index(paths, path) == i && !r.planned[path] && !slices.ContainsFunc(packages, here) {
			faults = append(faults, fmt.Sprintf("no package is at %s, which a row of the import table names", path))
		}
	}
	return faults
}

// rowOf returns the most exact row of a package and the path that it matched.
func (r rules) rowOf(path string) (own string, best row, found bool) {
	for _, w := range r.rows {
		if m := match(w.path, path); m != "" && (!found || exactness(w.path) > exactness(best.path)) {
			own, best, found = m, w, true
		}
	}
	return own, best, found
}

// allows tells whether a package whose row matched own may import a path.
func (w row) allows(own, imported string) bool {
	if ours, ok := strings.CutPrefix(imported, module); ok {
		return below(own, ours) || belowAny(w.ours, ours)
	}
	host, _, _ := strings.Cut(imported, "/")
	standard := !strings.Contains(host, ".")
	return standard || w.anyOther || belowAny(w.others, imported)
}

// match returns the beginning of path that a row's path stands for, or nothing.
func match(pattern, path string) string {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(got) < len(want) {
		return ""
	}
	for i := range want {
		if want[i] != "*" && want[i] != got[i] {
			return ""
		}
	}
	return strings.Join(got[:len(want)], "/")
}

// exactness ranks rows that match the same package: more names win, and a name counts more than a star.
func exactness(pattern string) int {
	return 2*strings.Count(pattern, "/") - strings.Count(pattern, "*")
}

// below tells whether path is at or under parent.
func below(parent, path string) bool { return path == parent || strings.HasPrefix(path, parent+"/") }

func belowAny(parents []string, path string) bool {
	return slices.ContainsFunc(parents, func(parent string) bool { return below(parent, path) })
}
