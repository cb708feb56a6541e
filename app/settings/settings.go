// Package settings reads a program's configuration from the environment, reports all that is wrong with it at once, and
// describes it for the program's help.
package settings

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// Setting is one setting of a program.
type Setting struct {
	Name    string // of the environment variable
	Default string // empty: there is none
	Help    string
}

// Of describes the settings of a struct whose fields have the tags env and envDefault, in the order of the fields. help
// says by name what each setting is for.
func Of[T any](help map[string]string) []Setting {
	var all []Setting
	for _, f := range fields(reflect.TypeFor[T]()) {
		all = append(all, Setting{Name: f.Tag.Get("env"), Default: f.Tag.Get("envDefault"), Help: help[f.Tag.Get("env")]})
	}
	return all
}

// Read fills a struct from the environment. What is wrong is in the report, to which the caller adds its own checks.
func Read[T any](environ []string) (T, *Report) {
	values := env.ToMap(environ)
	out, err := env.ParseAsWithOptions[T](env.Options{Environment: values})
	r := &Report{}
	var all env.AggregateError
	if err != nil && !errors.As(err, &all) {
		all.Errors = []error{err}
	}
	for _, err := range all.Errors {
		parse, ok := errors.AsType[env.ParseError](err)
		i := slices.IndexFunc(fields(reflect.TypeFor[T]()), func(f reflect.StructField) bool { return f.Name == parse.Name })
		if !ok || i < 0 {
			r.other = append(r.other, err)
			continue
		}
		f := fields(reflect.TypeFor[T]())[i]
		name := f.Tag.Get("env")
		r.Wrong(name, "must be %s, not %q", expected(f.Type), values[name])
	}
	return out, r
}

// fields lists the fields that have a setting, also those of structs inside.
func fields(of reflect.Type) (all []reflect.StructField) {
	for f := range of.Fields() {
		switch name := f.Tag.Get("env"); {
		case name == "-":
		case name != "":
			all = append(all, f)
		case f.Type.Kind() == reflect.Struct:
			all = append(all, fields(f.Type)...)
		}
	}
	return all
}

// expected says what values a type has.
func expected(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == reflect.TypeFor[[]netip.Prefix]():
		return "networks such as 10.0.0.0/8, separated by commas"
	case t == reflect.TypeFor[slog.Level]():
		return "debug, info, warn or error"
	case t == reflect.TypeFor[time.Duration]():
		return "a time such as 90s or 5m"
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64:
		return "a whole number"
	case t.Kind() == reflect.Bool:
		return "true or false"
	default:
		return "a " + t.String()
	}
}

// Report collects what is wrong with the settings. Its zero value reports nothing.
type Report struct {
	wrong []problem
	other []error
}

// problem is what is wrong with one setting.
type problem struct{ name, says string }

// Wrong adds what is wrong with a setting, as the end of a sentence that begins with its name. Only the first problem
// of a setting is kept. Values that can contain a password do not belong in it.
func (r *Report) Wrong(name, format string, args ...any) {
	if r.Has(name) {
		return
	}
	r.wrong = append(r.wrong, problem{name, fmt.Sprintf(format, args...)})
}

// Has tells whether something is wrong with a setting.
func (r *Report) Has(name string) bool {
	return slices.ContainsFunc(r.wrong, func(p problem) bool { return p.name == name })
}

// Require adds that a setting is not set, when its value is empty.
func (r *Report) Require(name, value string) {
	if value == "" {
		r.Wrong(name, "is not set")
	}
}

// Err returns everything that was reported as one error, or nil.
func (r *Report) Err() error {
	if len(r.wrong) == 0 && len(r.other) == 0 {
		return nil
	}
	return &Error{*r}
}

// Error is what is wrong with the settings of a program.
type Error struct{ report Report }

// Error lists the settings by name, one per line.
func (e *Error) Error() string {
	var lines []string
	for _, p := range e.report.wrong {
		lines = append(lines, p.name+" "+p.says)
	}
	for _, err := range e.report.other {
		lines = append(lines, err.Error())
	}
	if len(lines) == 1 {
		return lines[0]
	}
	slices.Sort(lines)
	return fmt.Sprintf("%d settings are wrong:\n  %s", len(lines), strings.Join(lines, "\n  "))
}

// Join makes one error of several, in which the settings are listed together. Nil errors are left out.
func Join(errs ...error) error {
	var all Report
	for _, err := range errs {
		e, ok := errors.AsType[*Error](err)
		switch {
		case err == nil:
		case !ok:
			all.other = append(all.other, err)
		default:
			for _, p := range e.report.wrong {
				all.Wrong(p.name, "%s", p.says)
			}
			all.other = append(all.other, e.report.other...)
		}
	}
	return all.Err()
}
