package secret

import (
	"fmt"
	"io"
	"io/fs"
)

const (
	// maxFile is the most that is read of a file, in bytes. A PEM key has 119, a password at most a few hundred.
	maxFile = 16 << 10
	// forOthers are the permissions that a secret's file must not give: any to other users, and writing to the group. The
	// group may read, because that is how Kubernetes mounts a secret for a program that does not run as root.
	forOthers fs.FileMode = 0o027
)

// ReadFile reads a file that holds a secret: a key or a password. It refuses a file that other users can read or
// change. The error does not name the file.
func ReadFile(folder fs.FS, name string) ([]byte, error) {
	f, err := folder.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode(); !mode.IsRegular() {
		return nil, fmt.Errorf("it is not a file (%s)", mode)
	} else if mode&forOthers != 0 {
		return nil, fmt.Errorf("other users can read or change it (mode %04o): chmod 600 it", mode.Perm())
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxFile {
		return nil, fmt.Errorf("it has more than %d bytes", maxFile)
	}
	return b, nil
}
