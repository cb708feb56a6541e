// Package codelint reads the repository's Go source and says where it does what no test could see: an import that
// docs/architecture.md does not allow, a scope that is not made by authentication, and SQL that is put together.
//
// It belongs to the tools' module, like sqllint, and it has tests alone.
package codelint
