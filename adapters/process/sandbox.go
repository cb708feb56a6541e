package process

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/streamspace-dev/streamspace/ports/runtime"
)

// The paths of a session's own files inside its sandbox.
const (
	insideHome       = "/home/user"
	insideXauthority = "/run/xauthority"
	insideScript     = "/run/desktop"
)

// etc lists the files of /etc that a session sees if they exist. Programs need them to find libraries, fonts,
// keyboards, menus and translations. None contains a secret or names a user of this host. /etc/passwd and /etc/group
// are the session's own.
var etc = []string{
	"X11", "alternatives", "bash.bashrc", "chromium", "chromium.d", "debian_version", "fonts", "gtk-3.0", "inputrc",
	"ld.so.cache", "ld.so.conf", "ld.so.conf.d", "locale.alias", "localtime", "mime.types", "os-release", "profile",
	"profile.d", "shells", "terminfo", "timezone", "xdg",
}

// Limits of a session, in addition to its namespaces.
const (
	// openFiles is per process.
	openFiles = 16384
	// scratch is the size of /tmp and of /dev/shm in bytes. It counts as memory.
	scratch = 512 << 20
)

//go:embed desktop.sh
var desktop string

// command returns the command that runs a session's desktop. From the outside in: the sandbox, the limits and the
// dropped privileges, the script, and the template's command. Without namespaces the sandbox is left out.
func (r *Runtime) command(s *session, spec runtime.Spec) command {
	size, _ := geometry(spec) // Start has validated it
	script := insideScript
	if r.cfg.Unconfined {
		script = s.folder.script()
	}
	number, scale := strconv.Itoa(s.display), strconv.Itoa(spec.PixelScale())
	inner := append(drop(s.uid, s.limits), "sh", script, size, ":"+number, scale)
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
	c := command{env: environment(insideHome, insideXauthority), dir: "/", kind: nested, nesting: spec.NestedNamespaces}
	c.args = append(sandbox(s.uid, r.flat && !c.nesting), s.folder.binds()...)
	c.args = append(c.args, "--seccomp", "7")
	if s.uid == 0 {
		c.kind = announced
		c.args = append(c.args, "--info-fd", "8")
	}
	c.args = append(c.args, "--chdir", insideHome)
	c.args = append(c.args, seal()...)
	c.args = append(c.args, inner...)
	return c
}

// environment is the complete environment of a session. Nothing of the agent's environment is passed on.
func environment(home, xauthority string) []string {
	return []string{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + home, "LANG=C.UTF-8", "XAUTHORITY=" + xauthority}
}

// ownedBy recognises the processes of an unconfined session: by their user or, if they run as the agent's user, by a
// variable that only they have.
func ownedBy(uid int, f folder) func(pid int) bool {
	if uid != 0 {
		return func(pid int) bool { return owner(pid) == uid }
	}
	variable := "XAUTHORITY=" + f.xauthority()
	return func(pid int) bool { return hasVariable(pid, variable) }
}

// drop is the beginning of a command that runs without privileges: as that user, if it is not zero, within the limits,
// and without capabilities for it and every program that it starts. Core files are off, because they would contain what
// the session's user typed.
//
// One process may get half as much memory again as the session. The watchdog ends the session before that, with a
// reason, unless the process fills memory faster than the watchdog looks.
func drop(uid int, l Limits) []string {
	args := []string{"prlimit", "--core=0:0", fmt.Sprintf("--nofile=%d:%d", openFiles, openFiles)}
	if data := l.Memory + l.Memory/2; data > 0 {
		args = append(args, fmt.Sprintf("--data=%d:%d", data, data))
	}
	if l.Processes > 0 && uid != 0 { // of the user, with threads
		args = append(args, fmt.Sprintf("--nproc=%d:%d", l.Processes, l.Processes))
	}
	if l.Disk > 0 { // of one file
		args = append(args, fmt.Sprintf("--fsize=%d:%d", l.Disk, l.Disk))
	}
	if uid == 0 {
		return append(args, "setpriv", "--no-new-privs", "--inh-caps=-all")
	}
	id := strconv.Itoa(uid)
	return append(args, "setpriv", "--reuid", id, "--regid", id, "--clear-groups", "--no-new-privs", "--inh-caps=-all",
		"--bounding-set=-all",
		"--pdeathsig", "KILL") // changing the user clears the death signal that the starter set
}

// sandbox is the beginning of a bubblewrap command: all namespaces, and the read-only file system.
//
// If the agent is root, bubblewrap stays root. That needs no user namespace, which some kernels give only to root. The
// command drops to the session's user before any program of the session runs. If the agent is not root, a user
// namespace provides the right to create the others. A flat one allows no further one inside it.
func sandbox(uid int, flat bool) []string {
	args := []string{bubblewrap, "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts",
		"--unshare-cgroup-try", "--die-with-parent", "--new-session", "--as-pid-1", "--hostname", "desktop"}
	if uid == 0 {
		args = append(args, "--unshare-user")
		if flat {
			args = append(args, "--disable-userns")
		}
	}
	for _, dir := range []string{"/etc", "/home", "/var", "/var/cache"} {
		args = append(args, "--perms", "0755", "--dir", dir) // created implicitly they would be accessible to bubblewrap only
	}
	args = append(args, "--ro-bind", "/usr", "/usr")
	args = append(args, hidden()...)
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
		"--ro-bind-try", "/var/cache/fontconfig", "/var/cache/fontconfig", // without this cache each session scans every font
		"--proc", "/proc", "--dev", "/dev",
		// The kernel's command line can hold secrets and names this host's disks. A device on a mount without devices
		// cannot be opened.
		"--ro-bind", "/dev/null", "/proc/cmdline",
		"--size", size, "--perms", "1777", "--tmpfs", "/dev/shm",
		"--size", size, "--perms", "1777", "--tmpfs", "/tmp",
		"--perms", "0755", "--tmpfs", "/run")
}

// binds mounts the session's files into its sandbox. The socket of the display is not among them.
func (f folder) binds() []string {
	return []string{
		"--bind", f.home(), insideHome,
		"--ro-bind", f.xauthority(), insideXauthority,
		"--ro-bind", f.script(), insideScript,
		"--ro-bind", f.passwd(), "/etc/passwd",
		"--ro-bind", f.group(), "/etc/group",
	}
}

// seal ends the options of a bubblewrap command: it makes the base of the sandbox read-only.
func seal() []string {
	return []string{"--remount-ro", "/run", "--remount-ro", "/dev", "--remount-ro", "/", "--"}
}

// hidden covers the configuration of this host's own programs, which can hold secrets.
func hidden() []string {
	const dir = "/usr/local/etc"
	if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
		return nil // bubblewrap cannot create it, because /usr is read-only
	}
	return []string{"--perms", "0755", "--tmpfs", dir, "--remount-ro", dir}
}

// Confinable checks whether this host can isolate sessions, by running /bin/true in a sandbox.
func Confinable(ctx context.Context) error {
	_, err := confinable(ctx)
	return err
}

// confinable also reports whether a sandbox can be flat. Where it cannot, as with an older bubblewrap, the filter alone
// refuses further namespaces.
func confinable(ctx context.Context) (flat bool, err error) {
	uid := 0
	if os.Geteuid() == 0 {
		uid = firstUID
	} else if tryOut(ctx, sandbox(uid, true), uid) == nil {
		return true, nil
	}
	return false, tryOut(ctx, sandbox(uid, false), uid)
}

// tryOut runs /bin/true in a sandbox.
func tryOut(ctx context.Context, sandbox []string, uid int) error {
	err := runIn(ctx, sandbox, uid, "true")
	if err == nil {
		return nil
	}
	return fmt.Errorf("this host cannot isolate sessions, because it provides no namespaces or no system call filters: "+
		"%w", err)
}

// runIn runs a command in a sandbox with the filter. Its error has the end of what the command wrote.
func runIn(ctx context.Context, sandbox []string, uid int, command ...string) error {
	rules, err := openFilter(false)
	if err != nil {
		return err
	}
	defer rules.Close()
	args := slices.Concat(sandbox, []string{"--seccomp", "3"}, seal(), drop(uid, Limits{}), command)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env, cmd.Dir, cmd.ExtraFiles = environment("/", "/nowhere"), "/", []*os.File{rules}
	return runToEnd(cmd)
}

// runToEnd runs a program of the host. Its error has the end of what the program wrote.
func runToEnd(cmd *exec.Cmd) error {
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	said := new(tail)
	_, _ = said.Write(out)
	return fmt.Errorf("%w: %s", err, said)
}
