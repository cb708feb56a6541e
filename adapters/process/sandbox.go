package process

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// Where a session finds its own things, inside its sandbox.
const (
	insideHome       = "/home/user"
	insideXauthority = "/run/xauthority"
	insideScript     = "/run/desktop"
)

// etc lists what a session sees of /etc, where it exists: what programs need to find libraries, fonts, keyboards,
// menus and words. None of it is a secret, or about this host's users. /etc/passwd and /etc/group are the session's
// own.
var etc = []string{
	"X11", "alternatives", "bash.bashrc", "debian_version", "fonts", "gtk-3.0", "inputrc", "ld.so.cache", "ld.so.conf",
	"ld.so.conf.d", "locale.alias", "localtime", "mime.types", "os-release", "profile", "profile.d", "shells",
	"terminfo", "timezone", "xdg",
}

// Limits of a session, beside its namespaces.
const (
	// openFiles is per process.
	openFiles = 16384
	// threads is per session, where it has a user of its own: a browser with many tabs has several hundred.
	threads = 4096
	// scratch is how many bytes each of /tmp and /dev/shm may hold. It counts as memory.
	scratch = 512 << 20
)

//go:embed desktop.sh
var desktop string

// command is what runs a session's desktop.
func (r *Runtime) command(s *session, spec runtime.Spec) command {
	size, _ := geometry(spec) // Start has looked at it
	script := insideScript
	if r.cfg.Unconfined {
		script = s.folder.script()
	}
	inner := append(drop(s.uid), "sh", script, size, ":"+strconv.Itoa(r.display(s)))
	if len(spec.Command) == 0 {
		inner = append(inner, "xterm")
	}
	inner = append(inner, spec.Command...)
	if r.cfg.Unconfined {
		c := command{args: inner, dir: s.folder.home(), kind: loose}
		c.env = environment(s.folder.home(), s.folder.xauthority())
		c.mine = ownedBy(s.uid, s.folder)
		return c
	}
	c := command{env: environment(insideHome, insideXauthority), dir: "/", kind: nested}
	c.args = append(sandbox(s.uid), s.folder.binds()...)
	if s.uid == 0 {
		c.kind = announced
		c.args = append(c.args, "--info-fd", "7")
	}
	c.args = append(c.args, "--chdir", insideHome)
	c.args = append(c.args, seal()...)
	c.args = append(c.args, inner...)
	return c
}

// display is the number of a session's display. In its sandbox there is no other; without one each needs its own on
// this host, where the first thousand are left to others.
func (r *Runtime) display(s *session) int {
	switch {
	case !r.cfg.Unconfined:
		return 0
	case s.uid != 0:
		return 1000 + s.uid - firstUID
	default: // two may be given the same: then the second one's start fails
		return 1000 + spread(s.status.Session)
	}
}

// socket is the one of a session's display, where X clients of the whole host look for it. In a sandbox it is gone with
// the folder it is in: then it is empty.
func (r *Runtime) socket(s *session) string {
	if !r.cfg.Unconfined {
		return ""
	}
	return fmt.Sprintf("/tmp/.X11-unix/X%d", r.display(s))
}

// removeSocket removes what a killed X server leaves behind.
func removeSocket(path string) error {
	if path == "" {
		return nil
	}
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// environment is all of a session's environment.
func environment(home, xauthority string) []string {
	return []string{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + home, "LANG=C.UTF-8", "XAUTHORITY=" + xauthority}
}

// ownedBy tells an unconfined session's processes: by their user, or else by the file that only they were told of.
func ownedBy(uid int, f folder) func(pid int) bool {
	if uid != 0 {
		return func(pid int) bool { return owner(pid) == uid }
	}
	variable := "XAUTHORITY=" + f.xauthority()
	return func(pid int) bool { return hasVariable(pid, variable) }
}

// drop is the beginning of a command that runs without any right: as that user, if it is not zero, with no
// capability, now or by any program it starts, and within the limits. A core file would hold what a session's user
// typed.
func drop(uid int) []string {
	args := []string{"prlimit", "--core=0:0", fmt.Sprintf("--nofile=%d:%d", openFiles, openFiles)}
	if uid == 0 {
		return append(args, "setpriv", "--no-new-privs", "--inh-caps=-all")
	}
	id := strconv.Itoa(uid)
	return append(args, fmt.Sprintf("--nproc=%d:%d", threads, threads),
		"setpriv", "--reuid", id, "--regid", id, "--clear-groups", "--no-new-privs", "--inh-caps=-all",
		"--bounding-set=-all",
		"--pdeathsig", "KILL") // a change of user takes back the signal that the starter asked for
}

// sandbox is the beginning of a bubblewrap command: every namespace, and a file system of what is read-only.
//
// As root bubblewrap itself stays root, which needs no user namespace: some kernels give them to root alone. What it
// starts drops to the session's user before anything of the session runs. As another user a user namespace is what
// gives the others.
func sandbox(uid int) []string {
	args := []string{bubblewrap, "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts",
		"--unshare-cgroup-try", "--die-with-parent", "--new-session", "--as-pid-1", "--hostname", "desktop"}
	if uid == 0 {
		args = append(args, "--unshare-user")
	}
	for _, dir := range []string{"/etc", "/home", "/var", "/var/cache"} {
		args = append(args, "--perms", "0755", "--dir", dir) // made on the way to another they would be bubblewrap's alone
	}
	args = append(args, "--ro-bind", "/usr", "/usr")
	for _, dir := range []string{"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"} {
		if target, err := os.Readlink(dir); err == nil {
			args = append(args, "--symlink", target, dir)
		} else {
			args = append(args, "--ro-bind-try", dir, dir)
		}
	}
	for _, name := range etc {
		path := filepath.Join("/etc", name)
		args = append(args, "--ro-bind-try", path, path)
	}
	size := strconv.Itoa(scratch)
	return append(args,
		"--ro-bind-try", "/var/cache/fontconfig", "/var/cache/fontconfig", // else each session reads every font
		"--proc", "/proc", "--dev", "/dev",
		"--size", size, "--perms", "1777", "--tmpfs", "/dev/shm",
		"--size", size, "--perms", "1777", "--tmpfs", "/tmp",
		"--perms", "0755", "--tmpfs", "/run")
}

// binds is what a session's sandbox holds of its folder. The socket of its display is not among it.
func (f folder) binds() []string {
	return []string{
		"--bind", f.home(), insideHome,
		"--ro-bind", f.xauthority(), insideXauthority,
		"--ro-bind", f.script(), insideScript,
		"--ro-bind", f.passwd(), "/etc/passwd",
		"--ro-bind", f.group(), "/etc/group",
	}
}

// seal ends a bubblewrap command's options: what the sandbox was built on is read-only from here.
func seal() []string {
	return []string{"--remount-ro", "/run", "--remount-ro", "/dev", "--remount-ro", "/", "--"}
}

// Confinable tells whether this host can keep sessions apart, by doing it for a program that does nothing.
func Confinable(ctx context.Context) error {
	uid := 0
	if os.Geteuid() == 0 {
		uid = firstUID
	}
	args := slices.Concat(sandbox(uid), seal(), drop(uid), []string{"true"})
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env, cmd.Dir = environment("/", "/nowhere"), "/"
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	said := new(tail)
	_, _ = said.Write(out)
	return fmt.Errorf("this host gives no namespaces to keep sessions apart: %w: %s", err, said)
}
