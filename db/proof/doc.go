// Package proof shows that the database keeps organisations apart, and that the checks of it would notice if it did
// not. It is test code: nothing of it is in the program.
//
// Attempts are what it is made of. Each is a few statements of a caller and what must become of them. Most are derived
// from the catalogue (derive/), so that a table, a column, a function or a role that is added is tried from its first
// day; what the catalogue does not say, such as which rows a member sees, stands in the probe files (probes/).
// db/policy/probe reads both and runs them.
//
// TestAttempts makes all attempts on the catalogue as the migrations leave it. TestMutants weakens the catalogue in
// every way that can be generated from it (generate/): a policy dropped, a grant widened, a condition gone from a
// function. Each weakening, a mutant, lives in a transaction that is rolled back, and three checkers look at it which
// know nothing of each other: the attempts, the rules of rls.violations, and the reviewed manifest.
package proof
