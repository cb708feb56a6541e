// Package bus wakes callers that wait for a change. It carries no data: a caller that is woken reads the database in
// its own scope, so that a wake can be lost, doubled or late, and shows no one what they may not see.
package bus

// Bus is one replica's view of the wakes. bustest is its contract.
type Bus interface {
	// Wake wakes everyone who watches the topic. It never blocks.
	Wake(topic string)
	// Watch delivers on woken after each Wake of the topic that follows the call; several may come as one. It ends with
	// stop, which must be called and may be called again.
	Watch(topic string) (woken <-chan struct{}, stop func())
}
