package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// listPage is how many rows a list reads at once. A list prints each page before it reads the next.
const listPage = 100

// format is how a list is printed: the value of the flag --output.
type format string

const (
	asTable format = "table"
	asJSON  format = "json"
)

// Set implements pflag.Value, so that a wrong format is refused before the command connects.
func (f *format) Set(value string) error {
	if *f = format(value); *f != asTable && *f != asJSON {
		return errors.New("must be table or json")
	}
	return nil
}

// String implements pflag.Value.
func (f *format) String() string { return string(*f) }

// Type implements pflag.Value: what the help calls the flag's value.
func (*format) Type() string { return "format" }

// list adds the flag of the format to a command.
func list(c *cobra.Command) (*cobra.Command, *format) {
	f := asTable
	c.Flags().Var(&f, "output", "table, or json: one object on each line")
	return c, &f
}

// printed is a list that is being printed, page after page.
type printed struct {
	out    io.Writer
	format format
	header []string
	widths []int        // of the table's columns, from the first page: later pages are not known yet
	table  [][]string   // rows that are not printed yet
	json   bytes.Buffer // the same, as JSON
}

// print starts a list.
func (o operator) print(f format, header ...string) *printed {
	p := &printed{out: o.out, format: f, header: header}
	titles := make([]string, len(header))
	for i, name := range header {
		titles[i] = strings.ToUpper(name)
	}
	p.table = append(p.table, titles)
	return p
}

// row adds one row: its values in the order of the header. The zero time stands for never.
func (p *printed) row(values ...any) error {
	cells, object := make([]string, len(values)), map[string]any{}
	for i, v := range values {
		cells[i] = cell(v)
		if at, ok := v.(time.Time); ok && at.IsZero() {
			v = nil
		}
		object[strings.ReplaceAll(p.header[i], " ", "_")] = v
	}
	p.table = append(p.table, cells)
	return json.NewEncoder(&p.json).Encode(object)
}

// cell is a value in a table. Control characters would act on the terminal; an email address may contain them.
func cell(v any) string {
	if at, ok := v.(time.Time); ok {
		if at.IsZero() {
			return "never"
		}
		return at.UTC().Format(time.RFC3339)
	}
	if names, ok := v.([]string); ok { // what an agent says of itself; nil: it does not say
		switch {
		case names == nil:
			return "unknown"
		case len(names) == 0:
			return "none"
		}
		v = strings.Join(names, ",")
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return utf8.RuneError
		}
		return r
	}, fmt.Sprint(v))
}

// flush prints the rows that were added.
func (p *printed) flush() error {
	text := p.json.Bytes()
	if p.format == asTable {
		text = p.aligned()
	}
	_, err := p.out.Write(text)
	p.table = p.table[:0]
	p.json.Reset()
	return err
}

// aligned writes the rows in columns. A value that is longer than those of the first page moves the rest of its row.
func (p *printed) aligned() []byte {
	if p.widths == nil {
		p.widths = make([]int, len(p.header))
		for _, row := range p.table {
			for i, value := range row {
				p.widths[i] = max(p.widths[i], utf8.RuneCountInString(value))
			}
		}
	}
	var b bytes.Buffer
	for _, row := range p.table {
		last := len(row) - 1
		for i, value := range row[:last] {
			fmt.Fprintf(&b, "%-*s  ", p.widths[i], value)
		}
		fmt.Fprintln(&b, row[last])
	}
	return b.Bytes()
}

// all reads page after page and prints each before the next. page adds its rows, and returns how many there are and
// the key of the last one.
func (p *printed) all(page func(after string) (key string, n int, err error)) error {
	for after := ""; ; {
		key, n, err := page(after)
		if err != nil {
			return err
		}
		if err := p.flush(); err != nil {
			return err
		}
		if n < listPage {
			return nil
		}
		after = key
	}
}
