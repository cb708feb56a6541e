package docs

import (
	"os"
	"strings"
	"testing"
)

// TestEveryFolderIsDescribed compares the folder table of architecture.md with the folders of the repository.
func TestEveryFolderIsDescribed(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case !e.IsDir() || strings.HasPrefix(name, ".") || name == "bin": // what make build writes
		case !strings.Contains(string(text), "\n| `"+name+"/` | "):
			t.Errorf("the folder table lacks %s/", name)
		}
	}
}
