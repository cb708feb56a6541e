package server

import (
	"io"
	"log/slog"
	"net"
	"net/http"
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

func TestAProductionStartSaysWhatItLacks(t *testing.T) {
	t.Parallel()
	c, err := ReadConfig(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = New(t.Context(), c, slog.New(slog.DiscardHandler))
	for _, name := range []string{"STREAMSPACE_DATABASE_URL", "STREAMSPACE_SIGNING_KEY"} {
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

func TestOperationsListener(t *testing.T) {
	t.Parallel()
	for path, wanted := range map[string][]string{
		"/livez":  {"alive"},
		"/readyz": {"ready"},
		"/metrics": {
			"streamspace_http_requests_total", "streamspace_http_request_duration_seconds", "streamspace_sessions",
			"streamspace_tenancy_refusals_total", "streamspace_pool_connections", "streamspace_agents_connected",
		},
	} {
		running.call(t, http.MethodGet, "/api/v1/me", "", nil, nil) // so that there is a request to tell of
		response, err := running.client.Get(running.ops + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			t.Errorf("%s: %d, %v", path, response.StatusCode, err)
		}
		for _, w := range wanted {
			if !strings.Contains(string(body), w) {
				t.Errorf("%s has no %s", path, w)
			}
		}
	}
}
