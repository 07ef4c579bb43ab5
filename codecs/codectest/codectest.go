package codectest

import (
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/payment"
)

// Golden wants the bytes that a file of testdata has as hex. Stored rows and records must stay readable: a new meaning
// needs a new version, a new field none.
func Golden(t *testing.T, name string, b []byte) {
	t.Helper()
	golden, err := os.ReadFile(filepath.Join("testdata", name+".hex"))
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(b); got != strings.TrimSpace(string(golden)) {
		t.Errorf("the form of %s has changed: %s", name, got)
	}
}

// Binary is what codecs of binary records have in common.
type Binary[T any] interface {
	Encode(T) ([]byte, error)
	Decode([]byte) (T, error)
}

// RoundTrip wants that v is written and read as the same, and returns its bytes.
func RoundTrip[T any](t interface {
	Helper()
	Fatalf(string, ...any)
}, codec Binary[T], v T) []byte {
	t.Helper()
	b, err := codec.Encode(v)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	back, err := codec.Decode(b)
	if err != nil {
		t.Fatalf("decode: %v", err)
	}
	if diff := cmp.Diff(v, back); diff != "" {
		t.Fatalf("round trip (-in +out):\n%s", diff)
	}
	return b
}

// Facts are those of a payment with all that a payment can have.
func Facts() payment.Facts {
	return payment.Facts{
		TransactionID: "t1", UserID: "u1", AmountMinor: 12550, Currency: "INR", Mode: "upi", Instrument: "sbi",
		Gateway: "razorpay",
		Labels:  payment.Labels{payment.Merchant: "swiggy", payment.Category: "food"}, Attributes: []payment.Attribute{{Key: "card", Value: "fam"}, {Key: "x"}},
		CreatedAt: 1_772_359_200_000,
	}
}

// Encoded returns the bytes of v.
func Encoded[T any](t testing.TB, codec Binary[T], v T) []byte {
	t.Helper()
	b, err := codec.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Stable wants that what can be read at all is written and read as the same.
func Stable[T any](t *testing.T, codec Binary[T], b []byte) {
	t.Helper()
	if v, err := codec.Decode(b); err == nil {
		RoundTrip(t, codec, v)
	}
}

// UTF16 returns a text as a file of UTF-16, with a byte order mark if bom.
func UTF16(text string, order binary.AppendByteOrder, bom bool) []byte {
	var b []byte
	if bom {
		b = order.AppendUint16(b, 0xfeff)
	}
	for _, u := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

// Mission is the example of the contract as JSON.
const Mission = `{"id":"swiggy-500","title":"Spend ₹500 at Swiggy","currency":"INR","goal":{"metric":"amount","target":50000},` +
	`"filters":[{"id":"amount","operator":"gte","values":10000},{"id":"merchant","operator":"eq","values":"swiggy"}],` +
	`"window":{"kind":"fixed","from":"2026-03-01","to":"2026-03-08"},"time_zone":"Asia/Kolkata","reward":{"kind":"coins","amount":100},` +
	`"grant":{"mode":"auto","hold":"0s"},"enrolment":"automatic",` +
	`"limits":{"completions_per_user":1,"max_winners":0,"budget":0,"over_budget":"reject"},"audience":{"rollout_percent":100,"segments":[]},` +
	`"debt":"negative","status":"active"}`
