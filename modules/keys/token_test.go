package keys

import (
	"regexp"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

func TestATokenIsWellFormedAndNothingElseIs(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^ss_[0-9A-Za-z]{71}$`)
	rapid.Check(t, func(t *rapid.T) {
		id := ID{uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))}
		token := NewToken(id).Reveal()
		if !form.MatchString(token) || !WellFormed(token) || !IsKey(token) {
			t.Fatalf("the token of %s is no token", id)
		}
		if NewToken(id).Reveal() == token {
			t.Fatal("two tokens of one id are equal")
		}
		i := rapid.IntRange(0, len(token)-1).Draw(t, "at")
		c := rapid.SampledFrom([]byte("09azAZ_-")).Draw(t, "character")
		if c != token[i] && WellFormed(token[:i]+string(c)+token[i+1:]) {
			t.Errorf("%q at %d passes", c, i)
		}
		if WellFormed(token[:i]) || WellFormed(token+token[i:]) {
			t.Error("a token of another length passes")
		}
	})
}

func TestASmallIDKeepsTheWidth(t *testing.T) {
	t.Parallel()
	if token := NewToken(ID{}).Reveal(); !WellFormed(token) || token[3:25] != "0000000000000000000000" {
		t.Error("the id's leading zeros are missing")
	}
}
