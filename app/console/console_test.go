package console

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

func TestThePlaceholderIsEmbeddedAndNamesTheCommand(t *testing.T) {
	t.Parallel()
	b, err := fs.ReadFile(dist, "dist/"+placeholder)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), "make build") {
		t.Errorf("the placeholder does not say how to build the page:\n%s", b)
	}
}

func TestFilesAlwaysHaveAnIndex(t *testing.T) {
	t.Parallel()
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fs.Stat(files, index); err != nil {
		t.Error(err)
	}
}

func TestIndexIsThePageOnceItIsBuilt(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		files fstest.MapFS
		want  string
	}{
		{"built", fstest.MapFS{index: {Data: []byte("page")}, placeholder: {Data: []byte("none")}}, "page"},
		{"not built", fstest.MapFS{placeholder: {Data: []byte("none")}}, "none"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			files, err := orPlaceholder(test.files)
			if err != nil {
				t.Fatal(err)
			}
			got, err := fs.ReadFile(files, index)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != test.want {
				t.Errorf("index.html is %q, want %q", got, test.want)
			}
		})
	}
}
