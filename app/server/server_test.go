package server

import (
	"net"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/streamspace-dev/streamspace/app/settings"
)

// Every setting of the control plane that can be wrong is wrong. Seen to fail with files that are read after the other
// settings were found right, and with the library's errors, which name fields.
func TestConfigurationErrorsAreReportedAllAtOnce(t *testing.T) {
	t.Parallel()
	none := filepath.Join(t.TempDir(), "none")
	_, err := ReadConfig([]string{
		"STREAMSPACE_LISTEN=8080", "STREAMSPACE_OPS_LISTEN=nowhere", "STREAMSPACE_DATABASE_LISTEN_URL=host=db",
		"STREAMSPACE_DATABASE_CONNECTIONS=many",
		"STREAMSPACE_TRUSTED_PROXIES=everyone", "STREAMSPACE_PUBLIC_URL=example.com", "STREAMSPACE_SIGNING_KEYS=" + none,
		"STREAMSPACE_DATABASE_URL=postgres://me:secret@localhost/db", "STREAMSPACE_DATABASE_PASSWORDS=" + none,
		"STREAMSPACE_ACCEPTED_VIOLATIONS=" + none, "STREAMSPACE_TLS_CERT=" + none, "STREAMSPACE_TLS_KEY=" + none,
		"STREAMSPACE_SMTP_URL=mail.example.com", "STREAMSPACE_SMTP_PASSWORD=" + none, "STREAMSPACE_MAIL_FROM=nobody",
		"STREAMSPACE_PLACEMENT_TIMEOUT=48h", "STREAMSPACE_AGENT_LOST_AFTER=1s", "STREAMSPACE_UNKNOWN_SESSIONS=ask",
		"STREAMSPACE_EVENTS_KEPT=59m",
	})
	if err == nil {
		t.Fatal("read")
	}
	lines := strings.Split(err.Error(), "\n")
	for _, s := range Settings() {
		if !slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, "  "+s.Name+" ") }) {
			t.Errorf("%s is not in: %v", s.Name, err)
		}
	}
	if len(lines) != len(Settings())+1 || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}

func TestAPublicURLIsAnOrigin(t *testing.T) {
	t.Parallel()
	for public, says := range map[string]string{
		"":                               "",
		"http://localhost:8080":          "",
		"https://desks.example.com":      "",
		"https://[2001:db8::1]:8443":     "",
		"desks.example.com":              "must begin with http",
		"desks.example.com:443":          "must begin with http",
		"ftp://desks.example.com":        "must begin with http",
		"https://desks.example.com/":     "must not have a path",
		"https://desks.example.com/desk": "must not have a path",
		"https://desks.example.com?":     "query or a fragment",
		"https://desks.example.com?a=b":  "query or a fragment",
		"https://desks.example.com#":     "query or a fragment",
		"https://desks.example.com#top":  "query or a fragment",
		"https://me:secret@example.com":  "must not contain a user",
		"https://me@example.com":         "must not contain a user",
		"https://":                       "must name a host",
		"https://:443":                   "must name a host",
		"https://me:secret@[":            "cannot be parsed",
		"https://desks.example.com:x":    "cannot be parsed",
	} {
		r := &settings.Report{}
		Config{
			Listen: "localhost:0", OpsListen: "localhost:0", DatabaseConnections: 4, PublicURL: public,
			PlacementTimeout: time.Minute, AgentLostAfter: time.Minute, EventsKept: time.Hour,
		}.Check(r)
		err := r.Err()
		if (err != nil) != (says != "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", public, err, says)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("it shows the password: %v", err)
		}
	}
}

// TestNoSettingLiftsTheRateLimits looks at every field: each has a setting but the one that is for tests.
func TestNoSettingLiftsTheRateLimits(t *testing.T) {
	t.Parallel()
	var without []string
	var environ []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		name := f.Tag.Get("env")
		if !strings.HasPrefix(name, "STREAMSPACE_") && !f.Anonymous {
			without = append(without, f.Name)
			environ = append(environ, name+"=true", f.Name+"=true", strings.ToUpper(f.Name)+"=true",
				"STREAMSPACE_"+strings.ToUpper(f.Name)+"=true")
		}
	}
	c, r := settings.Read[Config](environ)
	if r.Err() != nil || c.Unlimited || !slices.Equal(without, []string{"Unlimited"}) {
		t.Errorf("fields without a setting: %v; unlimited: %v, %v", without, c.Unlimited, r.Err())
	}
}

func TestAProductionStartSaysWhatItLacks(t *testing.T) {
	t.Parallel()
	_, err := ReadConfig(nil)
	for _, name := range []string{"STREAMSPACE_DATABASE_URL", "STREAMSPACE_SIGNING_KEYS"} {
		if err == nil || !strings.Contains(err.Error(), name+" is not set") {
			t.Errorf("%s is not in: %v", name, err)
		}
	}
}

func TestATakenPortIsNamed(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, err = bind(t.Context(), "STREAMSPACE_OPS_LISTEN", taken.Addr().String())
	for _, said := range []string{taken.Addr().String(), "STREAMSPACE_OPS_LISTEN"} {
		if err == nil || !strings.Contains(err.Error(), said) {
			t.Errorf("%s is not in: %v", said, err)
		}
	}
}
