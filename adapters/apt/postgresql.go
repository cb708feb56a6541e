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

// noCluster is the setting by which Debian's postgresql-common lets an administrator decide; the package leaves a file
// that exists as it is.
const noCluster = `# Written before PostgreSQL was installed for StreamSpace, which runs private servers of its own.
# Without this line the package would make a cluster for the whole machine and start it. Remove the file to have that.
create_main_cluster = false
`

// keepClustersOut keeps the installation of PostgreSQL from starting an unwanted server. A machine that has
// the file has been decided about already.
func (h host) keepClustersOut(packages []string) error {
	if !slices.ContainsFunc(packages, func(p string) bool { return strings.HasPrefix(p, "postgresql") }) {
		return nil
	}
	file := filepath.Join(h.etc, "postgresql-common", "createcluster.conf")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("make the folder of PostgreSQL's settings: %w", err)
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("decide against a cluster for the machine: %w", err)
	}
	_, err = f.WriteString(noCluster)
	return errors.Join(err, f.Close())
}
