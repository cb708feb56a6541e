// Package db defines the database: its roles, its schemas, and the migrations that create its tables, policies and
// functions. The queries of the adapters are in sql/.
package db

import (
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var files embed.FS

//go:embed roles.sql
var roles string

//go:embed database.sql
var database string

//go:embed managed.sql
var managed embed.FS

// Roles lists the roles that log in, one for each kind of work. db/roles.sql describes each. A new role must be added
// here and there: passwords, tests and the connection rules of a private server are made from this list.
func Roles() []string {
	return []string{
		"streamspace_app", "streamspace_login", "streamspace_agent", "streamspace_operator", "streamspace_system",
		"streamspace_auditor", "streamspace_backup", "streamspace_migrator",
	}
}

// Version is the newest migration that this program contains. `serve` refuses an older database.
func Version() (int64, error) {
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil || len(names) == 0 {
		return 0, fmt.Errorf("list migrations: %w", err)
	}
	return goose.NumericComponent(names[len(names)-1])
}
