package jwt

import (
	"context"
	"log/slog"
	"time"

	"github.com/streamspace-dev/streamspace/ports/periodic"
)

// reloadEvery is how often a process looks at the folder of keys. Reading it takes 0.1 ms.
const reloadEvery = time.Second

// Reloader keeps the keys of tokens the same as those in a folder, so that they are rotated without a restart.
type Reloader struct {
	folder string
	tokens *Tokens
	log    *slog.Logger
	failed string // the last error: each is logged once, not every second
}

// NewReloader returns a reloader for tokens whose keys were loaded from the folder.
func NewReloader(folder string, tokens *Tokens, log *slog.Logger) *Reloader {
	return &Reloader{folder: folder, tokens: tokens, log: log}
}

// Run looks at the folder at intervals until ctx is done.
func (r *Reloader) Run(ctx context.Context) error {
	return periodic.Task{Name: "reload the signing keys", Every: reloadEvery, Once: r.once, Log: r.log}.Run(ctx)
}

// once loads the keys and uses them when they have changed. A folder that is wrong changes nothing.
func (r *Reloader) once(ctx context.Context) error {
	keys, err := LoadKeys(r.folder)
	if err == nil {
		var changed bool
		changed, err = r.tokens.Rotate(keys)
		if changed {
			now := r.tokens.ring.Load()
			r.log.InfoContext(ctx, "the signing keys have changed", "signs", now.keyID, "verify", now.keyIDs())
		}
	}
	switch {
	case err == nil:
		r.failed = ""
		return nil
	case err.Error() == r.failed:
		return nil
	default:
		r.failed = err.Error()
		return err
	}
}
