package cluster

import (
	"fmt"
	"os"
	"strings"
)

// entry is the default pg_hba.conf. Connections come over the socket only, and the operating system's user decides
// which roles of the map may be used. There is no line for TCP and no line with the method "trust".
const entry = `# Written at each start.
# TYPE  DATABASE  USER  METHOD
local   all       all   peer map=streamspace
`

// asking is the pg_hba.conf of a server that asks for passwords. The superuser still connects without one.
const asking = `# Written at each start.
# TYPE  DATABASE  USER      METHOD
local   all       postgres  peer map=streamspace
local   all       all       scram-sha-256
`

// admit writes pg_hba.conf and pg_ident.conf. The server reads them when it starts. They are written at each start, so
// a change of Config needs no new cluster.
func admit(p places, account account, config Config) error {
	var ident strings.Builder
	ident.WriteString("# Written at each start.\n# MAPNAME    SYSTEM-USERNAME  ROLE\n")
	for _, role := range append([]string{Superuser}, config.Roles...) {
		fmt.Fprintf(&ident, "streamspace  %s  %s\n", quote(account.starter), quote(role))
		if config.Pooler && account.switches && role != Superuser {
			fmt.Fprintf(&ident, "streamspace  %s  %s\n", quote(account.name), quote(role))
		}
	}
	hba := entry
	if config.Passwords {
		hba = asking
	}
	for path, content := range map[string]string{p.hba: hba, p.ident: ident.String()} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return fmt.Errorf("write who may connect: %w", err)
		}
		if err := account.mayRead(path, 0o600, 0o640); err != nil {
			return fmt.Errorf("let %s read %s: %w", account.name, path, err)
		}
	}
	return nil
}

// quote prevents a name from being read as a keyword, a pattern or two fields: an unquoted "all" matches every role.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
