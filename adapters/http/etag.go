package http

import (
	"regexp"
	"strings"

	"github.com/streamspace-dev/streamspace/ports/version"
)

// This file is about concurrent changes: a response names the version of what it shows in ETag, and a change may name
// the version that it expects in If-Match. docs/adr/0020-if-match-is-optional.md says why it may and need not.

// entityTag writes a version as a strong entity tag (RFC 9110, 8.8.3).
func entityTag(v version.Version) *string {
	tag := `"` + string(v) + `"`
	return &tag
}

// entityTags matches one member of the list of an If-Match header, which may be empty, and the comma after it.
var entityTags = regexp.MustCompile(`^[ \t]*(?:(W/)?"([\x21\x23-\x7E\x80-\xFF]*)")?[ \t]*(,|$)`)

// expected reads an If-Match header (RFC 9110, 13.1.1). Without one every version is allowed, and with * as well: that
// the resource exists is checked in any case. Tags are compared as strong ones, so that a weak one allows nothing.
func expected(header *string) (version.Expected, error) {
	rest := value(header)
	if header == nil || strings.Trim(rest, " \t") == "*" {
		return version.Expected{}, nil
	}
	var all []version.Version
	for rest != "" {
		m := entityTags.FindStringSubmatchIndex(rest)
		if m == nil {
			return version.Expected{}, errParameter.With("field", "If-Match").Saying(
				"If-Match: it must be * or a list of entity tags, each in quotes, as ETag has it")
		}
		if weak, tag := m[2] >= 0, m[4] >= 0; tag && !weak {
			all = append(all, version.Version(rest[m[4]:m[5]]))
		}
		rest = rest[m[1]:]
	}
	return version.OneOf(all...), nil
}
