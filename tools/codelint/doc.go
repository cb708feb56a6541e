// Package codelint checks the repository's Go source for mistakes that tests of behaviour cannot find: imports that
// docs/architecture.md does not allow, scopes that authentication did not make, and SQL that is built from parts.
//
// It contains only tests, and belongs to the tools' module, like sqllint.
package codelint
