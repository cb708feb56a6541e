// Package docs carries the documents that the program itself needs.
package docs

import _ "embed"

// OpenAPI is the contract of the REST API: what the server validates against, and what it serves.
//
//go:embed openapi.yaml
var OpenAPI []byte
