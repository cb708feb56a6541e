package apt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// noServices is Debian's way to say that an installation starts no service (invoke-rc.d, policy-rc.d): status 101 is
// "forbidden by policy".
const noServices = `#!/bin/sh
# Written while packages are installed for StreamSpace, which starts what it needs itself, and removed after.
exit 101
`

// keepServicesDown has packages install without starting what they bring: a pooler or an unwanted server. A
// machine that has a policy of its own keeps it. What it returns takes the policy back.
func (h host) keepServicesDown() (restore func() error, err error) {
	f, err := os.OpenFile(h.policy, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if errors.Is(err, fs.ErrExist) {
		return func() error { return nil }, nil
	}
	if err != nil {
		return nil, fmt.Errorf("keep services from starting: %w", err)
	}
	_, err = f.WriteString(noServices)
	return func() error { return os.Remove(h.policy) }, errors.Join(err, f.Close())
}
