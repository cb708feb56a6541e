package link

// State is the state of a session. The database and the API use the same names.
type State string

// The states. Which may follow which is a rule of modules/sessions.
const (
	Pending     State = "pending"     // stored; the agent has not reported yet
	Starting    State = "starting"    // its agent starts it
	Running     State = "running"     // its desktop accepts connections
	Terminating State = "terminating" // its end was requested
	Terminated  State = "terminated"  // it ended on request
	Failed      State = "failed"      // it ended otherwise
)

// Final reports whether the session has ended. Later reports about it are refused.
func (s State) Final() bool { return s == Terminated || s == Failed }
