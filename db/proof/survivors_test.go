package proof

import (
	"context"
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// survivors is the reviewed list of what the attempts do not notice, and why.
//
//go:embed survivors.txt
var survivors string

// survivor is a line of it: a name of mutants, in which * stands for any text, under the reason above it.
type survivor struct {
	pattern string
	matches *regexp.Regexp
}

// since matches the beginning of a reason that holds from a version of PostgreSQL on.
var since = regexp.MustCompile(`^From PostgreSQL (\d+): `)

// listedFor reads the list for the version of a server.
func listedFor(ctx context.Context, conn *pgx.Conn) ([]survivor, error) {
	major := 0
	err := conn.QueryRow(ctx, "select current_setting('server_version_num')::int / 10000").Scan(&major)
	if err != nil {
		return nil, err
	}
	return listed(survivors, major)
}

// listed reads the list for a major version of PostgreSQL. A reason begins with "##".
func listed(text string, major int) ([]survivor, error) {
	var out []survivor
	reason, from := "", 0
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "##"):
			reason, from = strings.TrimSpace(strings.TrimLeft(line, "#")), 0
			if m := since.FindStringSubmatch(reason); m != nil {
				from, _ = strconv.Atoi(m[1]) // digits
			}
		case line == "" || strings.HasPrefix(line, "#"):
		case reason == "":
			return nil, fmt.Errorf("%q has no reason", line)
		case major < from:
		default:
			pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(line), `\*`, ".*") + "$"
			matches, err := regexp.Compile(pattern)
			if err != nil {
				return nil, fmt.Errorf("read %q: %w", line, err)
			}
			out = append(out, survivor{line, matches})
		}
	}
	return out, nil
}

// Findings lists what fails the proof: a mutant that neither the attempts nor the rules notice, one that no attempt
// notices and survivors.txt does not list, one that it lists although an attempt notices it, and, when all mutants were
// made, a line that matches no survivor. The manifest does not count, because it notices harmless changes too.
func (r *Report) Findings() []string {
	list := r.listed
	var found []string
	survived := map[string]bool{}
	for _, result := range r.Results {
		i := r.lists(result)
		if i >= 0 && result.Survived() {
			survived[list[i].pattern] = true
		}
		if says := judge(result, i >= 0); says != "" {
			found = append(found, result.ID()+": "+says)
		}
	}
	for _, s := range list {
		if !survived[s.pattern] && !r.Sampled {
			found = append(found, s.pattern+": is listed, and no such mutant survives")
		}
	}
	return found
}

// lists is the place of a mutant on the list of survivors, or -1.
func (r *Report) lists(m Result) int {
	return slices.IndexFunc(r.listed, func(s survivor) bool { return s.matches.MatchString(m.ID()) })
}

// Survived reports whether attempts were made on the mutant and none noticed it. The rules may have noticed it.
func (r Result) Survived() bool { return r.Idle == "" && r.Impossible == "" && !r.Killed("behaviour") }

func judge(r Result, listed bool) string {
	switch {
	case listed && r.Killed("behaviour"):
		return "is listed as a survivor, and is none: " + r.Kills["behaviour"]
	case r.Impossible != "" || r.Killed("behaviour"):
		return ""
	case !r.Killed("rules"):
		return "neither the attempts nor the rules notice"
	case !listed && r.Survived():
		return "the attempts do not notice; " + r.Kills["rules"]
	default:
		return ""
	}
}
