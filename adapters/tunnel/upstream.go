package tunnel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/link"
)

// Placements lists everything placed on this agent, page by page, 10 s for each. Without a connection it fails with an
// Unavailable fault, code "control_unreachable".
func (c *Client) Placements(ctx context.Context) ([]link.Desired, error) {
	var all []link.Desired
	var after uuid.UUID
	number := c.contact.Load() + 1
	for {
		var page placements
		path := fmt.Sprintf("/placements?after=%s&contact=%d", after, number)
		if err := c.call(ctx, peerRequest{Method: http.MethodGet, Path: path, Out: &page}); err != nil {
			return nil, fmt.Errorf("list placements: %w", err)
		}
		c.answered(number)
		all = append(all, page.Placements...)
		if len(page.Placements) < link.PlacementPage {
			return all, nil
		}
		last := page.Placements[len(page.Placements)-1].Session
		if bytes.Compare(last[:], after[:]) <= 0 {
			return nil, fmt.Errorf("list placements: the page after %s ends with %s", after, last)
		}
		after = last
	}
}

// Observe reports one session, within 10 s. Without a connection it fails with an Unavailable fault, code
// "control_unreachable".
func (c *Client) Observe(ctx context.Context, r link.Report) error {
	path := "/sessions/" + r.Session.String() + "/observed"
	if err := c.call(ctx, peerRequest{Method: http.MethodPut, Path: path, In: r}); err != nil {
		return fmt.Errorf("report session %s %s: %w", r.Session, r.State, err)
	}
	return nil
}

// Unknown tells which workloads no placement names, within 10 s, and returns those that must end.
func (c *Client) Unknown(ctx context.Context, all []link.Unknown) ([]uuid.UUID, error) {
	var out mustEnd
	in := unknowns{all}
	if err := c.call(ctx, peerRequest{Method: http.MethodPut, Path: "/unknown", In: in, Out: &out}); err != nil {
		return nil, fmt.Errorf("tell of %d unknown sessions: %w", len(all), err)
	}
	return out.End, nil
}

// answered notes that the control plane has answered the contact with this number.
func (c *Client) answered(number int64) {
	for {
		last := c.contact.Load()
		if last >= number {
			return
		}
		if c.contact.CompareAndSwap(last, number) {
			if c.cfg.Counted != nil {
				c.cfg.Counted(number)
			}
			return
		}
	}
}

func (c *Client) call(ctx context.Context, q peerRequest) error {
	p := c.live.Load()
	if p == nil {
		return errControlUnreachable
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := p.call(ctx, q)
	if _, refused := errors.AsType[*fault.Fault](err); err == nil || refused {
		return err
	}
	return errControlUnreachable.Because(err)
}
