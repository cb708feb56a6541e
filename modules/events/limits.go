package events

import "github.com/streamspace-dev/streamspace/ports/fault"

// How many subscriptions may be open on one server. One of them takes about 23 kB with its connection. A member has a
// few pages and programs; the other two keep one organisation, or one network, from taking all of the memory.
const (
	perUser    = 50
	perOrg     = 2000
	perAddress = 2000
)

var errTooMany = fault.New(fault.Exhausted, "too_many_event_streams", "Too many event streams are open. Close one.")

// key is whose subscriptions are counted.
type key struct{ kind, id string }

// open counts the subscriptions that are open.
type open map[key]int

// keysOf lists what a subscription counts against, with each limit. Zero is no limit.
func keysOf(q Query) map[key]int {
	id := q.Who.Org().String()
	keys := map[key]int{{"all", ""}: 0, {"user", id + " " + q.Who.User().String()}: perUser, {"org", id}: perOrg}
	if q.Lease.Address != "" {
		keys[key{"address", q.Lease.Address}] = perAddress
	}
	return keys
}

// acquire counts one more subscription, or returns errTooMany.
func (o open) acquire(keys map[key]int) error {
	for k, most := range keys {
		if most > 0 && o[k] >= most {
			return errTooMany
		}
	}
	for k := range keys {
		o[k]++
	}
	return nil
}

// release undoes acquire. Entries without subscriptions are removed, so that the map does not grow.
func (o open) release(keys map[key]int) {
	for k := range keys {
		if o[k]--; o[k] <= 0 {
			delete(o, k)
		}
	}
}
