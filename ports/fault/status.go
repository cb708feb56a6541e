package fault

// statuses is how each kind is told over HTTP, by RFC 9110 §15 and, for 429, RFC 6585 §4. It is the one table of them.
var statuses = map[Kind]int{
	Invalid:         400,
	Unauthenticated: 401,
	Forbidden:       403,
	NotFound:        404,
	Conflict:        409,
	Exhausted:       429,
	Unavailable:     503,
	Internal:        500,
}

// Status is the HTTP status of an answer that is a fault of this kind.
func (k Kind) Status() int { return statuses[k] }

// KindOf is the kind of which an answer with this status tells. A status that no kind has is Internal.
func KindOf(status int) Kind {
	for kind, s := range statuses {
		if s == status {
			return kind
		}
	}
	return Internal
}
