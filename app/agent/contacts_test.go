package agent

import (
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
)

func TestContacts(t *testing.T) {
	t.Parallel()
	c := contacts{file: filepath.Join(t.TempDir(), "contacts"), agent: uuid.New(), log: slog.New(slog.DiscardHandler)}
	if n := c.last(); n != 0 {
		t.Errorf("a new agent has counted %d", n)
	}
	c.store(7)
	c.store(8)
	if n := c.last(); n != 8 {
		t.Errorf("it has counted %d, want 8", n)
	}
	c.agent = uuid.New()
	if n := c.last(); n != 0 {
		t.Errorf("another agent in the same folder has counted %d", n)
	}
}
