package process

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	profile "github.com/moby/profiles/seccomp"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// filter is the system call filter of a session, as a program for the kernel: the default profile of container engines
// for a process without capabilities. It refuses new namespaces, keyrings, io_uring, userfaultfd, vsock and some
// hundred other calls that a desktop does not need, with EPERM. The profile says so for each call; what this machine's
// kernel does not know is left out.
//
// It also refuses 32-bit programs: with a call of the other mode, a program could evade the numbers below.
var filter = sync.OnceValues(func() ([]byte, error) { return compile(false) })

// nestingFilter is filter for a session that may make namespaces.
var nestingFilter = sync.OnceValues(func() ([]byte, error) { return compile(true) })

// nestingCalls make a namespace, and lock a program into a folder of it, as browsers do for their sandboxes. Mounts are
// not among them.
var nestingCalls = []string{"clone", "unshare", "chroot"}

func compile(nesting bool) ([]byte, error) {
	calls, err := arch.GetInfo("")
	if err != nil {
		return nil, err
	}
	powerless := &specs.Process{Capabilities: &specs.LinuxCapabilities{}}
	allowed, err := profile.GetDefaultProfile(&specs.Spec{Process: powerless})
	if err != nil {
		return nil, err
	}
	if nesting {
		allow(allowed, nestingCalls)
	}
	policy, err := translate(allowed, calls)
	if err != nil {
		return nil, err
	}
	program, err := policy.Assemble()
	if err != nil {
		return nil, err
	}
	return encode(append(unknown(calls), program...))
}

// allow allows calls whatever their arguments are.
func allow(p *specs.LinuxSeccomp, names []string) {
	isOne := func(name string) bool { return slices.Contains(names, name) }
	for i := range p.Syscalls {
		p.Syscalls[i].Names = slices.DeleteFunc(slices.Clone(p.Syscalls[i].Names), isOne)
	}
	p.Syscalls = slices.DeleteFunc(p.Syscalls, func(rule specs.LinuxSyscall) bool { return len(rule.Names) == 0 })
	p.Syscalls = append(p.Syscalls, specs.LinuxSyscall{Names: names, Action: specs.ActAllow})
}

// unknown answers ENOSYS to calls that are newer than the profile. A C library then uses an older call, which it does
// not after EPERM.
func unknown(calls *arch.Info) []bpf.Instruction {
	newest := 0
	for _, number := range calls.SyscallNames {
		newest = max(newest, number)
	}
	const numberOffset = 0 // in the kernel's struct seccomp_data
	return []bpf.Instruction{
		bpf.LoadAbsolute{Off: numberOffset, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpGreaterThan, Val: uint32(newest), SkipFalse: 1},
		bpf.RetConstant{Val: uint32(seccomp.ActionErrno) | uint32(unix.ENOSYS)},
	}
}

// translate turns a profile into a policy for this machine. It leaves out the calls of other machines.
func translate(p *specs.LinuxSeccomp, calls *arch.Info) (*seccomp.Policy, error) {
	if p.DefaultAction != specs.ActErrno {
		return nil, fmt.Errorf("the profile's default action is %s", p.DefaultAction)
	}
	policy := &seccomp.Policy{DefaultAction: seccomp.ActionErrno}
	for _, rule := range p.Syscalls {
		action, err := translateAction(rule)
		if err != nil {
			return nil, err
		}
		conditions, err := translateConditions(rule.Args)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", rule.Names, err)
		}
		group := seccomp.SyscallGroup{Action: action}
		for _, name := range rule.Names {
			switch _, known := calls.SyscallNames[name]; {
			case !known:
			case len(conditions) > 0:
				group.NamesWithCondtions = append(group.NamesWithCondtions,
					seccomp.NameWithConditions{Name: name, Conditions: conditions})
			case !slices.Contains(group.Names, name):
				group.Names = append(group.Names, name)
			}
		}
		policy.Syscalls = append(policy.Syscalls, group)
	}
	return policy, nil
}

// translateAction knows the two actions that the profile has.
func translateAction(rule specs.LinuxSyscall) (seccomp.Action, error) {
	switch {
	case rule.Action == specs.ActAllow:
		return seccomp.ActionAllow, nil
	case rule.Action == specs.ActErrno && rule.ErrnoRet != nil:
		return seccomp.ActionErrno | seccomp.Action(*rule.ErrnoRet), nil
	default:
		return 0, fmt.Errorf("%s: unknown action %s", rule.Names, rule.Action)
	}
}

// translateConditions fails on a condition that it does not know, because a rule without it would allow more.
func translateConditions(args []specs.LinuxSeccompArg) (seccomp.ArgumentConditions, error) {
	var all seccomp.ArgumentConditions
	for _, a := range args {
		c := seccomp.Condition{Argument: uint32(a.Index), Value: a.Value}
		switch {
		case a.Op == specs.OpEqualTo:
			c.Operation = seccomp.Equal
		case a.Op == specs.OpLessThan:
			c.Operation = seccomp.LessThan
		case a.Op == specs.OpMaskedEqual && a.ValueTwo == 0: // none of these bits
			c.Operation = seccomp.BitsNotSet
		default:
			return nil, fmt.Errorf("unknown condition %s", a.Op)
		}
		all = append(all, c)
	}
	return all, nil
}

// encode writes a program in the form of the kernel's struct sock_filter.
func encode(program []bpf.Instruction) ([]byte, error) {
	raw, err := bpf.Assemble(program)
	if err != nil {
		return nil, err
	}
	var b []byte
	for _, i := range raw {
		b = binary.NativeEndian.AppendUint16(b, i.Op)
		b = append(b, i.Jt, i.Jf)
		b = binary.NativeEndian.AppendUint32(b, i.K)
	}
	return b, nil
}

// openFilter returns a filter as an open file in memory, for bubblewrap to read.
func openFilter(nesting bool) (*os.File, error) {
	compiled := filter
	if nesting {
		compiled = nestingFilter
	}
	program, err := compiled()
	if err != nil {
		return nil, fmt.Errorf("compile the system call filter: %w", err)
	}
	fd, err := unix.MemfdCreate("filter", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make a file for the system call filter: %w", err)
	}
	f := os.NewFile(uintptr(fd), "filter")
	_, err = f.Write(program)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
