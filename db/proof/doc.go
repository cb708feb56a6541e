// Package proof tests that the database keeps organisations apart, and that its checks notice when it does not. It is
// test code and not part of the program.
//
// It consists of attempts. An attempt is a few SQL statements of a caller with the expected outcome. Most attempts are
// derived from the catalogue (derive/), so that a new table, column, function or role is tried without further work.
// The probe files (probes/) have what the catalogue does not contain, such as which rows a member sees.
// db/policy/probe reads both and runs them.
//
// TestAttempts runs all attempts on a migrated database. TestMutants is a mutation test of the catalogue. It generates
// mutants (generate/), each with one protection weaker: a dropped policy, a wider grant, a function without one of its
// conditions. Each mutant exists in a transaction that is rolled back. Three independent checkers must notice it: the
// attempts, the rules of rls.violations, and the reviewed manifest.
package proof
