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
	for {
		var page placements
		err := c.call(ctx, peerRequest{Method: http.MethodGet, Path: "/placements?after=" + after.String(), Out: &page})
		if err != nil {
			return nil, fmt.Errorf("list placements: %w", err)
		}
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
