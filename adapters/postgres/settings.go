package postgres

import (
	"context"

	"github.com/streamspace-dev/streamspace/modules/settings"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// Settings returns the transactions of admins who change their organisation's settings.
func (d *DB) Settings() org.Scoped[settings.Tx] {
	return scoped(d, func(t *memberTx) settings.Tx { return t })
}

// SettingReads returns the reads of settings.
func (d *DB) SettingReads() org.Reading[settings.Queries] {
	return reading(d, func(r reader) settings.Queries { return settingReader{r} })
}

// SetSettings implements settings.Tx.
func (t *memberTx) SetSettings(ctx context.Context, s settings.Settings) error {
	return t.Queries.SetSettings(ctx, int32(s.MaxKeyDays))
}

// settingReader reads settings.
type settingReader struct{ reader }

// Settings implements settings.Queries.
func (r settingReader) Settings(ctx context.Context) (settings.Settings, error) {
	days, err := r.Queries.Settings(ctx)
	return settings.Settings{MaxKeyDays: int(days)}, translate(err)
}
