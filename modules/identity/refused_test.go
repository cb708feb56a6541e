package identity

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/ports/org"
)

// noted is a registry that keeps what is written.
type noted map[string]int

func (n noted) NoteRefused(_ context.Context, user org.UserID, network string, times int) error {
	if strings.HasPrefix(network, "broken") {
		return errors.New("the database is away")
	}
	n[user.String()[:8]+" "+network] += times
	return nil
}

func account(n int) org.UserID { return org.UserID{UUID: uuid.UUID{byte(n), byte(n >> 8), 1}} }

func TestRefusedSignInsAreCountedByAccountAndNetwork(t *testing.T) {
	t.Parallel()
	wrote, log := noted{}, &bytes.Buffer{}
	r := NewRefused(wrote, slog.New(slog.NewTextHandler(log, nil)))
	for _, at := range []struct {
		user    org.UserID
		address string
	}{
		{account(1), "192.0.2.1"}, {account(1), "192.0.2.1"}, {account(1), "192.0.2.2"}, {account(2), "192.0.2.1"},
		{account(2), "2001:db8:1:2:3::4"}, {account(2), "2001:db8:1:2:5::6"}, {org.UserID{}, "192.0.2.9"},
		{account(3), "broken"},
	} {
		r.Note(t.Context(), at.user, Client{Address: at.address})
	}
	if err := r.Once(t.Context()); err == nil || !strings.Contains(err.Error(), "the database is away") {
		t.Errorf("the entry that failed: %v", err)
	}
	want := noted{
		"01000100 192.0.2.1": 2, "01000100 192.0.2.2": 1, "02000100 192.0.2.1": 1, "02000100 2001:db8:1:2::/64": 2,
	}
	if diff := cmp.Diff(want, wrote); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := r.Once(t.Context()); err != nil || len(wrote) != len(want) {
		t.Errorf("nothing is written twice: %v, %v", err, wrote)
	}
	lines := strings.Count(log.String(), "a sign-in was refused")
	if lines != 8 || !strings.Contains(log.String(), "192.0.2.9") {
		t.Errorf("the log has %d lines:\n%s", lines, log)
	}
}

func TestAFloodOfRefusedSignInsIsBounded(t *testing.T) {
	t.Parallel()
	wrote := noted{}
	r := NewRefused(wrote, slog.New(slog.DiscardHandler))
	for i := range maxNoted + 7 {
		r.Note(t.Context(), account(1), Client{Address: fmt.Sprint("network ", i)})
	}
	err := r.Once(t.Context())
	if err == nil || !strings.Contains(err.Error(), "7 refused sign-ins") || len(wrote) != maxNoted {
		t.Errorf("%d entries, %v", len(wrote), err)
	}
}
