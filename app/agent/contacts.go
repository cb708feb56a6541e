package agent

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/google/uuid"
)

// contacts keeps the number of an agent's last contact in a file, so that a restored database is noticed after a
// restart of the agent, too. A number that is too low does no harm.
type contacts struct {
	file  string
	agent uuid.UUID
	log   *slog.Logger
}

// last is the number that an earlier process of this agent has stored; zero if there is none.
func (c contacts) last() int64 {
	raw, err := os.ReadFile(c.file)
	if err != nil {
		return 0
	}
	var agent string
	var number int64
	if _, err := fmt.Sscan(string(raw), &agent, &number); err != nil || agent != c.agent.String() || number < 0 {
		return 0 // another agent had the folder
	}
	return number
}

func (c contacts) store(number int64) {
	next := c.file + ".new"
	err := os.WriteFile(next, fmt.Appendf(nil, "%s %d\n", c.agent, number), 0o600)
	if err == nil {
		err = os.Rename(next, c.file)
	}
	if err != nil {
		c.log.Warn("the number of the last contact is not stored", "error", err)
	}
}
