package process_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/streamspace-dev/streamspace/adapters/process"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/runtime/runtimetest"
)

// calls are system calls that no session may make.
var calls = map[string]func() error{
	"add a key": func() error {
		_, err := unix.AddKey("user", "streamspace-test", []byte("x"), unix.KEY_SPEC_PROCESS_KEYRING)
		return err
	},
	"request a key": func() error {
		_, err := unix.RequestKey("user", "streamspace-test", "", unix.KEY_SPEC_PROCESS_KEYRING)
		if err == unix.ENOKEY { // the kernel has looked for it
			return nil
		}
		return err
	},
	"find its keyring": func() error {
		_, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_PROCESS_KEYRING, true)
		return err
	},
	"make a user namespace by unshare":    func() error { return run("unshare", "--user", "--map-root-user", "true") },
	"make a network namespace by unshare": func() error { return run("unshare", "--user", "--net", "true") },
	"make a user namespace by clone":      func() error { return fork(unix.SYS_CLONE) },
	"make a user namespace by clone3":     func() error { return fork(unix.SYS_CLONE3) },
	"enter a namespace": func() error {
		ns, err := os.Open("/proc/self/ns/uts")
		if err != nil {
			return err
		}
		defer ns.Close()
		return unix.Setns(int(ns.Fd()), unix.CLONE_NEWUTS)
	},
	"mount": func() error { return run("unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/tmp") },
	"mount in a namespace of its own": func() error {
		return run("unshare", "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/tmp")
	},
	"unmount its home": func() error { return unix.Unmount("/home/user", unix.MNT_DETACH) },
	"make a network device": func() error {
		return run("unshare", "--user", "--map-root-user", "--net", "ip", "link", "add", "probe", "type", "veth")
	},
	"open a vsock": func() error {
		fd, err := unix.Socket(unix.AF_VSOCK, unix.SOCK_STREAM, 0)
		_ = unix.Close(fd)
		return err
	},
	"open the kernel's cryptography": func() error {
		fd, err := unix.Socket(unix.AF_ALG, unix.SOCK_SEQPACKET, 0)
		_ = unix.Close(fd)
		return err
	},
	"use userfaultfd": func() error { return raw(unix.SYS_USERFAULTFD, 1, 0) }, // 1: of user mode only
	"use io_uring": func() error {
		var params [120]byte
		return raw(unix.SYS_IO_URING_SETUP, 1, uintptr(unsafe.Pointer(&params)))
	},
	"load a program into the kernel": func() error {
		var attr [128]byte
		const mapCreate = 0
		attr[0], attr[4], attr[8], attr[12] = 2, 4, 4, 1 // an array with one entry
		return raw(unix.SYS_BPF, mapCreate, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr))
	},
	"read the kernel's log": func() error { _, err := unix.Klogctl(unix.SYSLOG_ACTION_SIZE_BUFFER, nil); return err },
	"watch the whole machine": func() error {
		attr := unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Size: uint32(unsafe.Sizeof(unix.PerfEventAttr{}))}
		fd, err := unix.PerfEventOpen(&attr, 0, -1, -1, 0)
		_ = unix.Close(fd)
		return err
	},
}

func raw(call uintptr, args ...uintptr) error {
	var a [3]uintptr
	copy(a[:], args)
	fd, _, errno := unix.Syscall(call, a[0], a[1], a[2])
	if errno != 0 {
		return errno
	}
	return unix.Close(int(fd))
}

// fork makes a child in a user namespace of its own.
func fork(call uintptr) error {
	// The child shares no memory and does nothing but end.
	args := [11]uint64{unix.CLONE_NEWUSER, 4: uint64(unix.SIGCHLD)}
	first, second := uintptr(unix.CLONE_NEWUSER)|uintptr(unix.SIGCHLD), uintptr(0)
	if call == unix.SYS_CLONE3 {
		first, second = uintptr(unsafe.Pointer(&args)), unsafe.Sizeof(args)
	}
	pid, _, errno := unix.RawSyscall6(call, first, second, 0, 0, 0, 0)
	if errno != 0 {
		return errno
	}
	if pid == 0 {
		for {
			_, _, _ = unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
		}
	}
	_, err := unix.Wait4(int(pid), nil, 0, nil)
	return err
}

func run(args ...string) error {
	out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	if err != nil {
		return &exec.Error{Name: strings.TrimSpace(string(out)), Err: err}
	}
	return nil
}

// TestCalls makes system calls from inside a session, where they are refused, and outside, where most work. Those that
// this kernel refuses to everybody prove nothing, and the log names them.
func TestCalls(t *testing.T) {
	t.Parallel()
	cfg := process.Config{Dir: t.TempDir()}
	rt := open(t, cfg)
	var todo []attempt
	for name := range calls {
		todo = append(todo, attempt{Name: name, Kind: "call", Arg: name})
	}
	todo = append(todo, attempt{Name: "read the kernel's command line", Kind: "read", Arg: "/proc/cmdline"})
	const configuration = "/usr/local/etc"
	if at, err := inode(configuration); err == nil {
		todo = append(todo, attempt{Name: "see the configuration of the host's programs", Kind: "identify",
			Arg: configuration, Cookie: []byte(at)}, attempt{Name: "replace it", Kind: "write", Arg: configuration})
	}
	refused(t, try(t, homeOf(t, cfg.Dir, probing(t, rt)), todo))
	proved := 0
	for name, result := range tryOutside(t, todo) {
		if name == "" || result == worked {
			proved++
			continue
		}
		t.Logf("also refused without a sandbox here: %s: %s", name, result)
	}
	if os.Geteuid() == 0 && proved < len(todo)/2 {
		t.Errorf("only %d of %d attempts work outside a sandbox", proved, len(todo))
	}
}

// nestingCalls are those that a session may make whose template asks for namespaces, and whose host allows them. In a
// network namespace of its own it has a network of its own, which leads nowhere.
var nestingCalls = []string{
	"make a user namespace by unshare", "make a network namespace by unshare", "make a user namespace by clone",
}

// Seen to fail with a filter that allows mounts as well, and with one that allows nothing more.
func TestNestedNamespacesAllowNothingElse(t *testing.T) {
	t.Parallel()
	cfg := process.Config{Dir: t.TempDir(), NestedNamespaces: true}
	rt, w := open(t, cfg), runtimetest.Workload()
	w.Spec.Command, w.Spec.NestedNamespaces = waitForProbe(), true
	if err := rt.Start(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	var todo []attempt
	for name := range calls {
		todo = append(todo, attempt{Name: name, Kind: "call", Arg: name})
	}
	got, outside := try(t, homeOf(t, cfg.Dir, w.Session), todo), tryOutside(t, todo)
	for _, name := range nestingCalls {
		if got[name] != worked && outside[name] == worked {
			t.Errorf("a session cannot %s: %s", name, got[name])
		}
		delete(got, name)
	}
	refused(t, got)
}

func TestAHostRefusesNestedNamespaces(t *testing.T) {
	t.Parallel()
	rt, w := open(t, process.Config{Dir: t.TempDir()}), runtimetest.Workload()
	w.Spec.NestedNamespaces = true
	if err := rt.Start(t.Context(), w); fault.Of(err).Code != "namespaces_refused" {
		t.Errorf("it started with %v", err)
	}
}

// TestBrowserRuns shows a page in Chromium, which makes more kinds of system calls than other programs. Its own sandbox
// consists of namespaces.
func TestBrowserRuns(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("chromium"); err != nil {
		t.Skip("chromium is not installed")
	}
	for option, nesting := range map[string]bool{"--no-sandbox": false, "--disable-setuid-sandbox": true} {
		t.Run(option, func(t *testing.T) {
			t.Parallel()
			cfg, w := process.Config{Dir: t.TempDir(), NestedNamespaces: nesting}, runtimetest.Workload()
			w.Spec.NestedNamespaces = nesting
			w.Spec.Command = []string{"sh", "-c", "chromium " + option + ` --headless --dump-dom \
"data:text/html,<p>shown" >dom.new 2>log; mv dom.new dom; exec sleep 600`}
			if err := open(t, cfg).Start(t.Context(), w); err != nil {
				t.Fatal(err)
			}
			home := homeOf(t, cfg.Dir, w.Session)
			eventually(t, "the browser ended", func() bool { _, err := os.Stat(filepath.Join(home, "dom")); return err == nil })
			if dom, err := os.ReadFile(filepath.Join(home, "dom")); !strings.Contains(string(dom), "<p>shown") {
				log, _ := os.ReadFile(filepath.Join(home, "log"))
				t.Errorf("the browser shows %q (%v): %s", dom, err, log)
			}
		})
	}
}
