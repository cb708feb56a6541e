// Package attack tests from the outside that organisations stay apart. It runs the assembled control plane with its
// real database, and uses HTTP, streams and the agents' tunnel. It contains only tests.
//
// The route matrix calls every operation of docs/openapi.yaml as every kind of caller, with ids of the caller's own
// organisation, of another organisation, and unknown ids. It compares each status with a reviewed table.
//
// The random attack sends random requests of callers of several organisations while their rights change. A model
// predicts each response, and no response may contain a canary of another organisation.
//
// A new resource needs one file, matrix_<resource>_test.go, with its rows; planted_test.go has an example. Unless that
// file creates the object of an id itself, a POST to the collection creates it, as the API's description says. The
// random attack derives its requests for the resource from the description, until the model knows the resource.
package attack
