package link

// State is what is known of a session. It is written in the database and in the API by the same name.
type State string

// The states. Which may follow which is a rule of modules/sessions.
const (
	Pending     State = "pending"     // written; its agent has not reported anything yet
	Starting    State = "starting"    // its agent starts it
	Running     State = "running"     // its desktop answers
	Terminating State = "terminating" // its end was requested
	Terminated  State = "terminated"  // it ended on request
	Failed      State = "failed"      // it ended otherwise
)

// Final tells whether the session has ended. No report of it is accepted any more.
func (s State) Final() bool { return s == Terminated || s == Failed }
