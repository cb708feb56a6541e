package rules_test

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/streamspace-dev/streamspace/db/rules"
)

// The text of a version never changes: a database that has the version would keep the old rules. Seen to fail with a
// rule's text changed, and with the version's line taken out of versions.txt.
func TestAChangeOfTheRulesHasANewVersion(t *testing.T) {
	t.Parallel()
	set, err := rules.Built()
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open("versions.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	known := map[int64]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if line := lines.Text(); !strings.HasPrefix(line, "#") {
			var version int64
			var hash string
			if _, err := fmt.Sscan(line, &version, &hash); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			known[version] = hash
		}
	}
	switch known[set.Version] {
	case set.Hash():
	case "":
		t.Errorf("version %d of the rules is not in versions.txt: run `make generate`", set.Version)
	default:
		t.Errorf("the rules have changed and their version is still %d: raise it in version.sql, and run `make generate`",
			set.Version)
	}
	for version := range known {
		if version > set.Version {
			t.Errorf("versions.txt has version %d, and the rules are of version %d", version, set.Version)
		}
	}
}
