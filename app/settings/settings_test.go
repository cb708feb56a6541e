package settings

import (
	"errors"
	"log/slog"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type Inner struct {
	Level *slog.Level `env:"STREAMSPACE_LEVEL"`
}

type config struct {
	Inner
	Inside struct {
		On bool `env:"STREAMSPACE_ON"`
	}
	Name    string         `env:"STREAMSPACE_NAME" envDefault:"x"`
	Size    int            `env:"STREAMSPACE_SIZE" envDefault:"16"`
	Proxies []netip.Prefix `env:"STREAMSPACE_PROXIES"`
	Test    bool           `env:"-"`
}

// Seen to fail with the errors of the library, which name fields.
func TestAllWrongSettingsAreNamedAtOnce(t *testing.T) {
	t.Parallel()
	_, r := Read[config]([]string{
		"STREAMSPACE_LEVEL=loud", "STREAMSPACE_ON=perhaps", "STREAMSPACE_SIZE=many", "STREAMSPACE_PROXIES=everyone",
	})
	r.Require("STREAMSPACE_NAME", "")
	r.Wrong("STREAMSPACE_SIZE", "must be at least 4")
	want := `5 settings are wrong:
  STREAMSPACE_LEVEL must be debug, info, warn or error, not "loud"
  STREAMSPACE_NAME is not set
  STREAMSPACE_ON must be true or false, not "perhaps"
  STREAMSPACE_PROXIES must be networks such as 10.0.0.0/8, separated by commas, not "everyone"
  STREAMSPACE_SIZE must be a whole number, not "many"`
	if err := r.Err(); err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
}

func TestSettingsAreReadAndDescribed(t *testing.T) {
	t.Parallel()
	c, r := Read[config]([]string{
		"STREAMSPACE_ON=true", "STREAMSPACE_LEVEL=warn", "STREAMSPACE_PROXIES=10.0.0.0/8,::1/128",
	})
	if r.Err() != nil || !c.Inside.On || *c.Level != slog.LevelWarn || c.Name != "x" || c.Size != 16 ||
		len(c.Proxies) != 2 {
		t.Errorf("%+v, %v", c, r.Err())
	}
	got := Of[config](map[string]string{"STREAMSPACE_SIZE": "how many"})
	want := []Setting{
		{Name: "STREAMSPACE_LEVEL"}, {Name: "STREAMSPACE_ON"}, {Name: "STREAMSPACE_NAME", Default: "x"},
		{Name: "STREAMSPACE_SIZE", Default: "16", Help: "how many"}, {Name: "STREAMSPACE_PROXIES"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestErrorsAreJoined(t *testing.T) {
	t.Parallel()
	var a, b Report
	a.Wrong("B", "is wrong")
	b.Wrong("A", "is wrong")
	if err := Join(nil, a.Err(), b.Err(), errors.New("C fails")); err.Error() !=
		"3 settings are wrong:\n  A is wrong\n  B is wrong\n  C fails" {
		t.Error(err)
	}
	if err := Join(nil, a.Err()); err.Error() != "B is wrong" {
		t.Error(err)
	}
	if err := Join(nil, (&Report{}).Err()); err != nil {
		t.Error(err)
	}
}
