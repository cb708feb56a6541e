// Package attack tests that organisations stay apart, from the outside: over the assembled control plane, its real
// database, HTTP, streams and the agents' tunnel. It has tests alone.
//
// The route matrix asks every operation of docs/openapi.yaml as every kind of caller, for ids of the caller's own
// organisation, of another one and of none, and compares each status with a reviewed table.
//
// The random attack lets callers of several organisations ask at random while their rights change. A model says what
// each must be answered, and no answer may hold a word of another organisation.
package attack
