package identity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/periodic"
)

const (
	// noteEvery is how often refused sign-ins are written down: one entry for each account and network in that time,
	// however many there were. Otherwise who guesses passwords could fill the audit logs of others.
	noteEvery = time.Minute
	// maxNoted bounds the accounts and networks in that time. More are a flood, and counted in the log alone.
	maxNoted = 10_000
	// noteTimeout bounds the write of one entry.
	noteTimeout = 5 * time.Second
)

// RefusedRegistry is the port to the database for refused sign-ins.
type RefusedRegistry interface {
	// NoteRefused writes an entry to the audit log of each organisation that the user is a member of.
	NoteRefused(ctx context.Context, user org.UserID, network string, times int) error
}

// Refused notes sign-ins of known accounts that failed. The answer does not wait for it, so that it takes as long for
// an unknown account. It is safe for concurrent use.
type Refused struct {
	registry RefusedRegistry
	log      *slog.Logger

	mu     sync.Mutex
	counts map[attempts]int
	lost   int
}

// attempts are those on one account from one network.
type attempts struct {
	user    org.UserID
	network string
}

// NewRefused makes the service.
func NewRefused(r RefusedRegistry, log *slog.Logger) *Refused {
	return &Refused{registry: r, log: log, counts: map[attempts]int{}}
}

// Note counts one refused sign-in and logs where it came from. The zero user is an unknown account, which has no audit
// log. What was entered is not logged: people enter their password in the wrong field.
func (r *Refused) Note(ctx context.Context, user org.UserID, from Client) {
	at := attempts{user, NetworkOf(from.Address)}
	r.log.InfoContext(ctx, "a sign-in was refused", "address", from.Address, "known", user != org.UserID{})
	r.mu.Lock()
	defer r.mu.Unlock()
	switch _, known := r.counts[at]; {
	case user == org.UserID{}:
	case !known && len(r.counts) >= maxNoted:
		r.lost++
	default:
		r.counts[at]++
	}
}

// NetworkOf is the network that attempts from an address are counted for: an IPv4 address itself, or the /64 of an
// IPv6 address. One customer has at least a /64, and could use a new address for each attempt. Any other text stays as
// it is.
func NetworkOf(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Unmap().Is4() {
		return address
	}
	return netip.PrefixFrom(ip.WithZone(""), 64).Masked().String()
}

// Run writes the entries each minute, and once more when ctx is done.
func (r *Refused) Run(ctx context.Context) error {
	err := periodic.Task{Name: "note refused sign-ins", Every: noteEvery, Once: r.Once, Log: r.log}.Run(ctx)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
	defer cancel()
	return errors.Join(err, r.Once(last))
}

// Once writes what was counted since the last time. An entry that fails is lost, and its error returned.
func (r *Refused) Once(ctx context.Context) error {
	r.mu.Lock()
	counts, lost := r.counts, r.lost
	r.counts, r.lost = map[attempts]int{}, 0
	r.mu.Unlock()
	var all error
	if lost > 0 {
		all = fmt.Errorf("%d refused sign-ins are in no audit log: too many accounts and networks at once", lost)
	}
	for at, times := range counts {
		if err := r.note(ctx, at, times); err != nil {
			all = errors.Join(all, fmt.Errorf("note %d refused sign-ins of user %s: %w", times, at.user, err))
		}
	}
	return all
}

func (r *Refused) note(ctx context.Context, at attempts, times int) error {
	ctx, cancel := context.WithTimeout(ctx, noteTimeout)
	defer cancel()
	return r.registry.NoteRefused(ctx, at.user, at.network, times)
}
