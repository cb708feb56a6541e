package secret

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestSecretsAreLongAndDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		s := New()
		if v := s.Reveal(); len(v) != 43 || seen[v] || strings.ContainsAny(v, "+/=") {
			t.Fatalf("made %q", v)
		}
		seen[s.Reveal()] = true
	}
	if !Of("").IsZero() || New().IsZero() {
		t.Error("zero is not what is empty")
	}
}

func TestOnlyRevealShowsASecret(t *testing.T) {
	t.Parallel()
	const value = "hunter2"
	s := Of(value)
	type holder struct {
		Key Secret
		At  *Secret
	}
	shown := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%10s"} {
		shown[verb] = fmt.Sprintf(verb, s) + fmt.Sprintf(verb, holder{s, &s}) + fmt.Sprintf(verb, []any{s, &s})
	}
	shown["error"] = fmt.Errorf("sign in with %v", s).Error()
	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(h).Info("x", "key", s, "holder", holder{s, &s}, "many", []Secret{s})
	}
	shown["log"] = log.String()
	encoded, err := json.Marshal(map[string]any{"key": s, "holder": holder{s, &s}})
	if err != nil {
		t.Fatal(err)
	}
	shown["json"] = string(encoded)
	for how, text := range shown {
		if strings.Contains(text, value) || strings.Contains(text, fmt.Sprintf("%x", value)) {
			t.Errorf("%s shows it: %s", how, text)
		}
	}
	if s.Reveal() != value {
		t.Error("Reveal does not")
	}
}

func TestHashes(t *testing.T) {
	t.Parallel()
	const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // FIPS 180-4, appendix B.1
	if got := fmt.Sprintf("%x", Of("abc").Hash()); got != abc {
		t.Errorf("SHA-256 of abc is %s", got)
	}
	a := Of("abc").Hash()
	if !a.Equal(Of("abc").Hash()) || a.Equal(Of("abd").Hash()) || Of("").Hash().Equal(Hash{}) {
		t.Error("hashes do not compare as their secrets do")
	}
}
