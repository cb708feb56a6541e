package cluster

import (
	"fmt"
	"os"
	"strings"
)

// entry is who may connect: over the socket, as the operating system knows them, under the roles of the map. There is
// no line for TCP, and none that trusts.
const entry = `# Written at each start.
# TYPE  DATABASE  USER  METHOD
local   all       all   peer map=streamspace
`

// asking is entry for a server that asks for passwords.
const asking = `# Written at each start.
# TYPE  DATABASE  USER      METHOD
local   all       postgres  peer map=streamspace
local   all       all       scram-sha-256
`

// admit writes the files that say who may connect. The server reads them when it starts.
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

// quote prevents a name from being read as a keyword, a pattern or two fields.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
