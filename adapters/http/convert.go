package http

import (
	"context"
	"math"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/http/internal/api"
	"github.com/streamspace-dev/streamspace/ports/org"
	"github.com/streamspace-dev/streamspace/ports/page"
)

// This file has the conversions between the API's types and the modules' types that several resources need. The others
// are in the files of their handlers.

// pageOf reads the parameters that every list has. A cursor is the client's to change, and a NUL in its key would be an
// error of the database (500), so that it is refused here. A cursor of another organisation's list is refused as well.
func pageOf(ctx context.Context, limit *api.Limit, cursor *api.Cursor) (page.Request, error) {
	after, err := page.Parse(value(cursor))
	foreign := !after.IsZero() && after.Org != org.From(ctx).Org().UUID
	if err == nil && (foreign || strings.ContainsRune(after.Key, 0)) {
		err = page.Bad(nil)
	}
	after.Org = uuid.UUID{}
	return page.Request{Limit: value(limit), After: after}, err
}

// next writes the cursor of the next page of the caller's organisation, if there is one.
func next(ctx context.Context, c page.Cursor) *string {
	if c.IsZero() {
		return nil
	}
	c.Org = org.From(ctx).Org().UUID
	return optional(c.String())
}

// convertAll converts each item. It never returns nil, because JSON would show null instead of [].
func convertAll[T, U any](in []T, to func(T) U) []U {
	out := make([]U, len(in))
	for i, item := range in {
		out[i] = to(item)
	}
	return out
}

// seconds rounds down: a client must not use a token in its last, partial second.
func seconds(d time.Duration) int { return int(math.Floor(d.Seconds())) }

// value returns an optional member of a request, or the zero value if the request does not have it.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// optional returns a member of a response that is left out when it is zero.
func optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}
