// Package mail is the port through which modules send mail to one person at a time. adapters/smtp implements it. An
// installation without mail has a nil Sender, and each module says what it does then.
package mail

import (
	"context"
	"time"
)

// Timeout bounds sending one message, from connecting to the server's last answer. A request waits for it.
const Timeout = 10 * time.Second

// Message is a message to one person.
type Message struct {
	To      string // an address such as name@example.com
	Subject string
	Text    string // plain text; lines end with \n
}

// Sender sends messages. It is safe for concurrent use.
type Sender interface {
	// Send returns nil when the mail server has accepted the message. It takes at most Timeout. It is called after the
	// transaction that the message is about: a message cannot be taken back.
	Send(ctx context.Context, m Message) error
}
