package token

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// TestValidTokensAreRemembered takes the keys away to see who is still believed.
func TestValidTokensAreRemembered(t *testing.T) {
	signer, _ := edSigner()
	at := now
	tests := map[string]struct {
		lives, later time.Duration
		valid        bool
	}{
		"remembered":                 {time.Hour, verifiedFor - time.Millisecond, true},
		"to be looked at again":      {time.Hour, verifiedFor, false},
		"remembered up to its end":   {10 * time.Second, 10*time.Second - time.Millisecond, true},
		"not remembered beyond that": {10 * time.Second, 10 * time.Second, false},
	}
	for name, tt := range tests {
		at = now
		v := must(NewVerifier(Config{Issuer: "iss", Audience: "aud", Keys: []Key{signer.Key}, Now: func() time.Time { return at }}))
		claims := good()
		claims["exp"] = now.Add(tt.lives).Unix()
		token := must(jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims).SignedString(signer.sign))
		first, err := v.Verify(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		v.keys, at = nil, now.Add(tt.later)
		got, err := v.Verify(t.Context(), token)
		if (err == nil) != tt.valid || err != nil && !errors.Is(err, errInvalid) || err == nil && got.Subject != first.Subject {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestMemoryOfTokensIsBounded(t *testing.T) {
	var v verified
	for i := range 3 * maxVerified {
		id := [32]byte{byte(i), byte(i >> 8), byte(i >> 16)}
		v.keep(id, Identity{Subject: fmt.Sprint(i)}, now, now.Add(time.Hour))
		if got, ok := v.find(id, now); !ok || got.Subject != fmt.Sprint(i) || len(v.tokens) > maxVerified {
			t.Fatalf("%d: %+v %t, %d tokens", i, got, ok, len(v.tokens))
		}
	}
}
