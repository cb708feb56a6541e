package server_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/streamspace-dev/streamspace/app/server/servertest"
)

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
		// So that there is a request to tell of.
		running.Call(t, servertest.Request{Method: http.MethodGet, Path: "/api/v1/me"}, nil)
		response, err := running.Client.Get(running.OpsURL + path)
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
