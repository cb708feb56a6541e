package identity

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
)

// known is the password's hash by another program: Debian's argon2, the reference implementation in C, called as
// `argon2 0123456789abcdef -id -t 2 -k 19456 -p 1 -l 32 -e`.
const (
	password = "correct horse battery staple"
	known    = "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$gy5SuVm5Z7Vw7keB9se9p87QGcomaseB/S2U1OhTsM0"
)

func TestPasswordsAreVerified(t *testing.T) {
	t.Parallel()
	p := NewPasswords(2)
	own, err := p.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, password, hash string
		want                 bool
	}{
		{"another program's hash", password, known, true},
		{"one's own", password, own, true},
		{"a wrong password", "Correct horse battery staple", known, false},
		{"an empty password", "", known, false},
		{"a longer password", password + "\x00", known, false},
		{"somebody unknown", password, "", false},
		{"somebody unknown, with nothing", "", "", false},
	} {
		if got, err := p.Verify(t.Context(), c.password, c.hash); got != c.want || err != nil {
			t.Errorf("%s: %t, %v", c.name, got, err)
		}
	}
}

func TestTheSamePasswordHasAnotherHashEachTime(t *testing.T) {
	t.Parallel()
	p := NewPasswords(1)
	a, errA := p.Hash(t.Context(), password)
	b, errB := p.Hash(t.Context(), password)
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}
	if a == b {
		t.Error("there is no salt")
	}
	if !strings.HasPrefix(a, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hashed as %s", a)
	}
}

// A hash that cannot be compared is an error and no "wrong password": somebody has to see that the row is broken.
func TestABrokenHashIsAnError(t *testing.T) {
	t.Parallel()
	p := NewPasswords(1)
	for name, hash := range map[string]string{
		"none":             "none",
		"another format":   "$2y$10$abcdefghijklmnopqrstuv",
		"another version":  strings.Replace(known, "v=19", "v=16", 1),
		"no passes":        strings.Replace(known, "t=2", "t=0", 1),
		"absurd passes":    strings.Replace(known, "t=2", "t=4000000000", 1),
		"absurd memory":    strings.Replace(known, "m=19456", "m=65537", 1),
		"a little memory":  strings.Replace(known, "m=19456", "m=7", 1),
		"absurd threads":   strings.Replace(known, "p=1", "p=9", 1),
		"a negative cost":  strings.Replace(known, "t=2", "t=-2", 1),
		"another spelling": strings.Replace(known, "t=2", "t=02", 1),
		"one more part":    known + "$",
		"a short salt":     strings.Replace(known, "MDEyMzQ1Njc4OWFiY2RlZg", "MDEy", 1),
		"a short key":      known[:len(known)-40],
		"without a key":    strings.Join(strings.Split(known, "$")[:5], "$"),
		"a salt cut off":   strings.Replace(known, "MDEyMzQ1Njc4OWFiY2RlZg", "M", 1),
		"a key not of it":  strings.Replace(known, "gy5S", "g!5S", 1),
	} {
		if ok, err := p.Verify(t.Context(), password, hash); ok || err == nil {
			t.Errorf("%s: %t, %v", name, ok, err)
		}
	}
}

// The cost is read from the hash. Seen to fail with today's cost for every hash.
func TestAHashOfAnotherCostIsVerified(t *testing.T) {
	t.Parallel()
	p := NewPasswords(1)
	salt := []byte("0123456789abcdef")
	for _, c := range []struct {
		cost cost
		weak bool
	}{
		{today, false},
		{cost{argonMemory, 1, 1, keySize}, true},
		{cost{4096, 2, 1, keySize}, true},
		{cost{4096, 3, 1, keySize}, false}, // more passes than today
		{cost{argonMemory, 3, 1, keySize}, false},
		{cost{4096, 2, 2, keySize}, false},
	} {
		key, err := p.key(t.Context(), password, salt, c.cost)
		if err != nil {
			t.Fatal(err)
		}
		hash := encode(c.cost, salt, key)
		if ok, err := p.Verify(t.Context(), password, hash); !ok || err != nil {
			t.Errorf("%+v: %t, %v", c.cost, ok, err)
		}
		if ok, err := p.Verify(t.Context(), "wrong", hash); ok || err != nil {
			t.Errorf("%+v with a wrong password: %t, %v", c.cost, ok, err)
		}
		if weak(hash) != c.weak {
			t.Errorf("%+v is weak: %t", c.cost, weak(hash))
		}
	}
	if weak("") || weak("none") {
		t.Error("what is no hash is weak")
	}
}

// Only so many hashes run at once; whoever waits too long for a turn is told to come again.
func TestHashesTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := NewPasswords(2)
		for range 2 { // two hashes that take for ever
			if err := p.slots.Acquire(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		_, err := p.Hash(t.Context(), password)
		if f := fault.Of(err); f.Kind != fault.Unavailable || f.Code != "busy" || f.RetryAfter != hashTimeout {
			t.Errorf("a third one: %v", err)
		}
		if waited := time.Since(began); waited != hashTimeout {
			t.Errorf("it waited for %v", waited)
		}
		var g errgroup.Group
		g.Go(func() error { _, err := p.Verify(t.Context(), password, known); return err })
		synctest.Wait() // it stands in line
		p.slots.Release(1)
		if err := g.Wait(); err != nil {
			t.Errorf("once there is a turn: %v", err)
		}
	})
}

func TestWhoLeavesDoesNotWaitForATurn(t *testing.T) {
	t.Parallel()
	p := NewPasswords(1)
	if err := p.slots.Acquire(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Verify(ctx, password, known); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// people is a directory with one user in it.
type people struct{ Directory }

func (people) UserByEmail(_ context.Context, email string) (org.UserID, string, error) {
	if email != "ann@example.test" {
		return org.UserID{}, "", ErrBadLogin
	}
	return org.UserID{}, known, nil
}

// An address that nobody has costs a hash too: the time that an answer takes must not tell who is a user. Seen to fail
// with an early return for unknown addresses: the answer came without a turn.
func TestAnUnknownAddressCostsAHashToo(t *testing.T) {
	t.Parallel()
	s := NewService(Config{Directory: people{}, Passwords: NewPasswords(1)})
	for name, in := range map[string]LogIn{
		"a wrong password":   {Email: "ann@example.test", Password: "wrong"},
		"an unknown address": {Email: "bob@example.test", Password: password},
	} {
		if _, _, err := s.LogIn(t.Context(), in); !errors.Is(err, ErrBadLogin) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.passwords.slots.Acquire(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	for _, email := range []string{"ann@example.test", "bob@example.test"} {
		if _, _, err := s.LogIn(ctx, LogIn{Email: email}); fault.Of(err).Code != "busy" {
			t.Errorf("%s was answered without a hash: %v", email, err)
		}
	}
}
