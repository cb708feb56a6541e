// Package proof tests that the database keeps organisations apart, and that its checks notice when it does not. It is
// test code and not part of the program.
//
//   - `go test ./db/proof` makes all attempts, and one mutant of 40. The mutants take half a minute and show that the
//     checkers work.
//   - `make test/mutation` makes all mutants, about 10,200 in 25 minutes on two cores. It is part of
//     `make test`. Run it after each change of a table, policy, function, trigger, grant or role. While you write
//     attempts for one table or function, `make test/mutation only=memberships` makes those alone whose name has this
//     text.
//   - `make proof` makes all mutants, audits a new database, tries every route and sends a million random requests
//     (app/attack). It writes the figures to docs/security.
//
// # Attempts
//
// An attempt is a few SQL statements of one caller, such as a member or a database role, with the expected outcome:
// the number of rows, or the error. Most attempts are derived from the catalogue (derive/, and policy.Crossings), so
// that a new table, column, function or role is tried without further work. The probe files (probes/) have what the
// catalogue does not contain, such as which rows a member sees.
//
// TestAttempts migrates a database and fills it with the rows of the probe files: two organisations, and further test
// rows. Then db/policy/probe makes the attempts, many in one round trip. Each is undone before the next begins, so that
// no attempt sees what another has changed. connections_test.go has the few tests that need a connection of the role's
// own.
//
// # Mutants
//
// Attempts that pass prove little: perhaps they could not fail. So TestMutants is a mutation test of the catalogue.
// It generates mutants from the catalogue (generate/). Each has one protection weakened: a dropped policy, a wider
// grant, a function without one of its conditions. A mutant is made in a transaction, checked, and rolled back. Two
// servers share the work: roles belong to a server and are mutated too, so that one server can hold one mutant at a
// time. A mutant that takes longer than a minute fails the run.
//
// Three checkers look at each mutant, and none uses the results of another: the attempts (behaviour), the rules of
// rls.violations, and the reviewed manifest of the whole catalogue. The attempts matter most, because they show what a
// caller could do. Attempts that have most in common with the mutant come first, and the first unexpected outcome ends
// the search. Derived and slow attempts (rare.txt) on other objects are left out, to save time. Before and after all
// mutants the checkers look at the unchanged database, and must notice nothing.
//
//   - An impossible mutant is one that PostgreSQL refuses to make, because it violates a unique key (23505). Nothing
//     has to notice it. Any other error fails the run.
//   - An idle mutant changes what no role can use, such as a policy for a privilege that no role has. No attempt is
//     made. A rule must notice it, because a later grant could bring it into use.
//   - A survivor is any other mutant that no attempt notices. A rule must notice it, and survivors.txt must list it
//     with a reason.
//
// The manifest counts in the report only: it notices almost every change, also a harmless one.
//
// survivors.txt has a reason on each line that begins with "##", and below it the names of mutants, in which * stands
// for any text. A reason that begins "From PostgreSQL 17:" counts from that version on.
//
// # When a test fails
//
// If TestAttempts fails, the database allows something that it must refuse, or refuses something that it must allow.
// The message has the statements, the expected and the actual outcome.
//
// If TestMutants fails, its message names the mutant:
//
//   - "the attempts do not notice": write an attempt that does, in the probe file of the table. If no caller can make
//     use of the mutant, list it in survivors.txt instead.
//   - "neither the attempts nor the rules notice": a protection could be lost unnoticed. Write an attempt, or a rule
//     (db/rules).
//   - "is listed": survivors.txt has a line that is not needed any more. Remove it. Lines that match no mutant are
//     reported only when all mutants are made.
//
// # Limits
//
// The proof covers the database. Caches, logs, metrics and streams are outside of it (app/attack tests them). A mutant
// weakens one thing, so that two weaknesses which only together open a hole are not tried.
package proof
