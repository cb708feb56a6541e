// Package proof tests that the database keeps organisations apart, and that its checks notice when it does not. It is
// test code and not part of the program. Run it with `go test ./db/proof`; `make proof` runs every mutant, which takes
// some minutes, and writes docs/security/proof.md.
//
// # Attempts
//
// An attempt is a few SQL statements of one caller, such as a member or a database role, with the expected outcome:
// the number of rows, or the error. Most attempts are derived from the catalogue (derive/), so that a new table,
// column, function or role is tried without further work. The probe files (probes/) have what the catalogue does not
// contain, such as which rows a member sees. db/policy/probe reads both and runs them. TestAttempts runs all attempts
// on a migrated database, filled with two organisations.
//
// # Mutants
//
// Attempts that pass prove little: perhaps they could not fail. So TestMutants is a mutation test of the catalogue.
// It generates mutants from the catalogue (generate/). Each has one protection weakened: a dropped policy, a wider
// grant, a function without one of its conditions. A mutant is made in a transaction, checked, and rolled back.
//
// Three checkers look at each mutant, and none uses the results of another: the attempts (behaviour), the rules of
// rls.violations, and the reviewed manifest of the whole catalogue. A mutant is killed by a checker that notices it.
// The attempts matter most, because they show what a caller could do. The rules and the manifest also notice what no
// attempt can reach.
//
//   - An idle mutant changes what no role can use, such as a policy for a privilege that no role has. No attempt could
//     notice it; rules and manifest must.
//   - An impossible mutant is one that PostgreSQL refuses to make.
//   - A survivor is a mutant that no attempt notices. Each must be listed with a reason in survivors.txt. The test
//     fails for a survivor that is missing there, and for an entry that is not needed any more.
//
// # When a test fails
//
// If TestAttempts fails, the database allows something that it must refuse, or refuses something that it must allow:
// the message has the statements, the expected and the actual outcome. If TestMutants fails, a protection could be
// lost without a test that notices: write an attempt that does, in the probe file of the table.
//
// # Limits
//
// The proof covers the database. Caches, logs, metrics and streams are outside of it (app/attack tests them). A mutant
// weakens one thing, so that two weaknesses which only together open a hole are not tried.
package proof
