package org

import (
	"context"
	"errors"
	"fmt"
)

// Listing lists organisations in which background work has something to do: at most n ids, after the given one, in
// order.
type Listing func(ctx context.Context, after ID, n int) ([]ID, error)

// Each does something in each organisation of a list, of which it reads a page at a time. If one organisation fails, it
// goes on with the others and returns all errors.
func Each(ctx context.Context, list Listing, page int, do func(context.Context, ID) error) error {
	var all error
	for after := (ID{}); ; {
		ids, err := list(ctx, after, page)
		if err != nil {
			return errors.Join(all, fmt.Errorf("list the organisations with work to do: %w", err))
		}
		for _, id := range ids {
			if err := do(ctx, id); err != nil {
				all = errors.Join(all, fmt.Errorf("in organisation %s: %w", id, err))
			}
			after = id
		}
		if len(ids) < page {
			return all
		}
	}
}
