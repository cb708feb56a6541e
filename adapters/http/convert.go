package http

import (
	"math"
	"strings"
	"time"

	"github.com/streamspace-dev/streamspace/adapters/http/internal/api"
	"github.com/streamspace-dev/streamspace/ports/page"
)

// This file converts between the API's types and the modules', for every resource. What one resource needs alone stands
// with its handlers.

// pageOf reads the parameters that every list has.
func pageOf(limit *api.Limit, cursor *api.Cursor) (page.Request, error) {
	after, err := page.Parse(value(cursor))
	if err == nil && strings.ContainsRune(after.Key, 0) {
		err = page.Bad(nil)
	}
	return page.Request{Limit: value(limit), After: after}, err
}

// convertAll is never nil: JSON has a word for an empty list.
func convertAll[T, U any](in []T, to func(T) U) []U {
	out := make([]U, len(in))
	for i, item := range in {
		out[i] = to(item)
	}
	return out
}

func seconds(d time.Duration) int { return int(math.Floor(d.Seconds())) }

// value is what an optional member holds, or its type's zero.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// optional is a member that is left out when it holds its type's zero.
func optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}
