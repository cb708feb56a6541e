package apt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// noServices is a Debian policy-rc.d script, which keeps an installation from starting services: status 101 means
// "forbidden by policy".
const noServices = `#!/bin/sh
# StreamSpace writes this file while it installs packages, because it starts its own services. It then removes the file.
exit 101
`

// keepServicesDown keeps packages from starting their services, such as a pooler. If the machine already has a policy,
// the policy stays. The returned function removes the policy again.
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
