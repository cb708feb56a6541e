package org

import "context"

type scopeKey struct{}

// With returns a context that carries the scope.
func With(ctx context.Context, s Scope) context.Context { return context.WithValue(ctx, scopeKey{}, s) }

// From returns the scope that ctx carries. Without one it is the zero scope, which adapters refuse.
func From(ctx context.Context) Scope {
	s, _ := ctx.Value(scopeKey{}).(Scope)
	return s
}
