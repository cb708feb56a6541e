// Package attack tests that organisations stay apart, from the outside: over the assembled control plane, its real
// database, HTTP, streams and the agents' tunnel. It has tests alone.
//
// The route matrix asks every operation of docs/openapi.yaml as every kind of caller, for ids of the caller's own
// organisation, of another one and of none, and compares each status with a reviewed table.
//
// The random attack lets callers of several organisations ask at random while their rights change. A model says what
// each must be answered, and no answer may hold a word of another organisation.
//
// A new resource brings one file, matrix_<resource>_test.go, with its rows; planted_test.go has an example. What an id
// in a path stands for is made by a POST to its collection, as the API's description says, unless the file makes it.
// The random attack derives its requests for the resource from the description, until there is a model of it.
package attack
