package fault

// statuses maps each kind to its HTTP status (RFC 9110 §15; 429: RFC 6585 §4). It is here and not in adapters/http,
// because adapters/tunnel uses it as well, in both directions.
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

// Status is the HTTP status of a response with a fault of this kind.
func (k Kind) Status() int { return statuses[k] }

// KindOf is the kind of a response with this HTTP status. It is Internal for any status that no kind has.
func KindOf(status int) Kind {
	for kind, s := range statuses {
		if s == status {
			return kind
		}
	}
	return Internal
}
