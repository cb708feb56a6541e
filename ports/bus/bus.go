// Package bus is the contract for waking code that waits for a change. A wake carries no data: the code that is woken
// reads the database in its own scope. So a wake reveals nothing, and may be lost, repeated or late; every watcher must
// poll as well. adapters/membus implements it within one process, and adapters/pgbus between the processes of one
// database. bustest is the test of the contract.
package bus

// Elsewhere is the topic whose watchers are woken when another process has woken any topic. Which one it was is not
// said: a message between processes must reveal nothing, so that it has nothing to reveal.
const Elsewhere = "elsewhere"

// Bus delivers wakes by topic, within this process. Its methods are safe for concurrent use.
type Bus interface {
	// Wake wakes all watchers of the topic. It never blocks. Call it after the commit: a watcher that reads earlier sees
	// the old state, and the wake is used up.
	Wake(topic string)
	// Watch returns a channel that receives a value after each Wake of the topic from now on. Several wakes may be merged
	// into one. Call Watch before reading the state, or a change in between is missed. stop ends it; it must be called,
	// and may be called again.
	Watch(topic string) (woken <-chan struct{}, stop func())
}
