package server

import (
	"log/slog"
	"net"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestConfigurationErrorsAreReportedAllAtOnce(t *testing.T) {
	t.Parallel()
	_, err := ReadConfig([]string{
		"STREAMSPACE_LISTEN=8080", "STREAMSPACE_OPS_LISTEN=nowhere", "STREAMSPACE_DATABASE_CONNECTIONS=many",
		"STREAMSPACE_TRUSTED_PROXIES=everyone",
	})
	if err == nil {
		t.Fatal("read")
	}
	for _, name := range []string{
		"STREAMSPACE_LISTEN", "STREAMSPACE_OPS_LISTEN", "DatabaseConnections", "TrustedProxies",
	} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not in: %v", name, err)
		}
	}
}

// TestNoSettingLiftsTheRateLimits looks at every field: each has a setting but the one that is for tests.
func TestNoSettingLiftsTheRateLimits(t *testing.T) {
	t.Parallel()
	var without []string
	var environ []string
	for f := range reflect.TypeFor[Config]().Fields() {
		name := f.Tag.Get("env")
		if !strings.HasPrefix(name, "STREAMSPACE_") {
			without = append(without, f.Name)
			environ = append(environ, name+"=true", f.Name+"=true", strings.ToUpper(f.Name)+"=true",
				"STREAMSPACE_"+strings.ToUpper(f.Name)+"=true")
		}
	}
	c, err := ReadConfig(environ)
	if err != nil || c.Unlimited || !slices.Equal(without, []string{"Unlimited"}) {
		t.Errorf("fields without a setting: %v; unlimited: %v, %v", without, c.Unlimited, err)
	}
}

func TestAProductionStartSaysWhatItLacks(t *testing.T) {
	t.Parallel()
	c, err := ReadConfig(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = New(t.Context(), c, slog.New(slog.DiscardHandler))
	for _, name := range []string{"STREAMSPACE_DATABASE_URL", "STREAMSPACE_SIGNING_KEYS"} {
		if err == nil || !strings.Contains(err.Error(), name) {
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
