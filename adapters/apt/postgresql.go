package apt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// noCluster is a setting of Debian's postgresql-common. The package does not change the file when it exists.
const noCluster = `# StreamSpace wrote this file before it installed PostgreSQL. It runs private servers of its own.
# Without this line the package creates and starts a cluster for the machine. Remove the file to allow it.
create_main_cluster = false
`

// keepClustersOut keeps the installation of PostgreSQL from starting a server for the whole machine. If the file
// exists, the administrator has already decided.
func (h host) keepClustersOut(packages []string) error {
	if !slices.ContainsFunc(packages, func(p string) bool { return strings.HasPrefix(p, "postgresql") }) {
		return nil
	}
	file := filepath.Join(h.etc, "postgresql-common", "createcluster.conf")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("create the folder of PostgreSQL's settings: %w", err)
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("keep PostgreSQL from creating a cluster: %w", err)
	}
	_, err = f.WriteString(noCluster)
	return errors.Join(err, f.Close())
}
