package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	"pgregory.net/rapid"
)

// record has a field of every kind.
type record struct {
	Int       int64
	Form      int64 // written as its distance from Int, whatever comes first
	Near      int64 // written as its distance from nearTo
	Int32     int32
	Count     int
	Byte      uint8
	Fixed     uint64
	Bool      bool
	Mostly    bool
	Text      string
	Other     string
	Texts     []string
	Blob      []byte
	Packed    []byte
	Always    inner
	Optional  inner
	Value     inner
	Pointer   *inner
	Each      []inner
	EachOther []*inner
	Far       string // a number of two bytes
}

type inner struct {
	Text string
	Int  int64
	deep deep
}

type deep struct{ Text string }

const (
	nearTo = 1000
	same   = "same"
)

func recordFields(f *Fields, r *record) {
	f.Int(1, &r.Int)
	f.As(2, &r.Form, r.Form-r.Int)
	f.From(3, &r.Near, nearTo)
	f.Int32(4, &r.Int32)
	f.Count(5, &r.Count)
	f.Byte(6, &r.Byte)
	f.Fixed64(7, &r.Fixed)
	f.Bool(8, &r.Bool)
	f.Not(9, &r.Mostly)
	f.Text(10, &r.Text)
	f.Other(11, &r.Other, same)
	f.Texts(12, &r.Texts)
	f.Blob(13, &r.Blob)
	packed := r.Packed
	if f.Packed(14, &packed) {
		r.Packed = bytes.Clone(packed)
	}
	for range f.Message(15) {
		innerFields(f, &r.Always)
	}
	for range f.Optional(16, r.Optional.Int != 0) {
		innerFields(f, &r.Optional)
	}
	for range Value(f, 17, &r.Value) {
		innerFields(f, &r.Value)
	}
	for v := range Pointer(f, 18, &r.Pointer) {
		innerFields(f, v)
	}
	for v := range Each(f, 19, &r.Each) {
		innerFields(f, v)
	}
	for v := range EachPointer(f, 20, &r.EachOther) {
		innerFields(f, v)
	}
	f.Text(1<<29-1, &r.Far)
}

func innerFields(f *Fields, v *inner) {
	f.Text(1, &v.Text)
	f.Int(2, &v.Int)
	for range Value(f, 3, &v.deep) {
		f.Text(1, &v.deep.Text)
	}
}

func encode(r *record) []byte {
	f := Writing(7, 0)
	recordFields(&f, r)
	return f.Body()
}

func decode(f Fields) (*record, error) {
	r := &record{Near: nearTo, Mostly: true, Other: same}
	for f.Next() {
		recordFields(&f, r)
	}
	r.Form += r.Int
	return r, f.Err()
}

func drawRecord(t *rapid.T) *record {
	number := func(label string) int64 { return rapid.Int64().Draw(t, label) }
	text := func(label string) string {
		return rapid.OneOf(rapid.Just(""), rapid.StringN(0, 300, -1)).Draw(t, label)
	}
	within := rapid.Custom(func(t *rapid.T) inner {
		return inner{rapid.StringN(0, 300, -1).Draw(t, "text"), rapid.Int64().Draw(t, "int"), deep{rapid.String().Draw(t, "deep")}}
	})
	list := func(label string) []inner { return rapid.SliceOfN(within, 0, 3).Draw(t, label) }
	r := &record{
		Int: number("int"), Form: number("form"), Near: number("near"), Int32: rapid.Int32().Draw(t, "int32"),
		Count: int(number("count")), Byte: rapid.Byte().Draw(t, "byte"), Fixed: rapid.Uint64().Draw(t, "fixed"),
		Bool: rapid.Bool().Draw(t, "bool"), Mostly: rapid.Bool().Draw(t, "mostly"), Text: text("text"), Other: text("other"),
		Texts: rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "texts"), Blob: []byte(text("blob")), Packed: []byte(text("packed")),
		Always: within.Draw(t, "always"), Value: within.Draw(t, "value"), Each: list("each"), Far: text("far"),
	}
	for _, v := range list("pointers") {
		r.Pointer, r.EachOther = &v, append(r.EachOther, &v)
	}
	if v := within.Draw(t, "optional"); v.Int != 0 {
		r.Optional = v
	}
	return r
}

func equal(a, b *record) string {
	empty := cmp.FilterValues(func(a, b []byte) bool { return len(a)+len(b) == 0 }, cmp.Ignore())
	none := cmp.FilterValues(func(a, b []string) bool { return len(a)+len(b) == 0 }, cmp.Ignore())
	no := cmp.FilterValues(func(a, b []inner) bool { return len(a)+len(b) == 0 }, cmp.Ignore())
	return cmp.Diff(a, b, empty, none, no, cmp.AllowUnexported(record{}, inner{}, deep{}))
}

// What is written is read again, with fields of later writers among them, in any order, and without the bytes that were
// read.
func TestFieldsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawRecord(t)
		b := encode(r)
		parts := rapid.Permutation(split(t, b[1:])).Draw(t, "order")
		if rapid.Bool().Draw(t, "in order") {
			parts = split(t, b[1:])
		}
		lists := map[Number]bool{12: true, 19: true, 20: true}
		mixed, far := []byte{7}, drawUnknown(t)
		for _, p := range parts {
			if n, _, _ := protowire.ConsumeTag(p); !lists[n] {
				mixed = append(append(mixed, drawUnknown(t)...), p...)
			}
		}
		for _, p := range split(t, b[1:]) { // lists are in the order of the body
			if n, _, _ := protowire.ConsumeTag(p); lists[n] {
				mixed = append(append(mixed, p...), far...)
			}
		}
		for name, body := range map[string][]byte{"as written": b, "mixed": mixed} {
			for copying, f := range map[bool]Fields{false: Reading(body, 7), true: Copying(body, 7)} {
				got, err := decode(f)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				kept := bytes.Clone(body)
				clear(body)
				if diff := equal(r, got); diff != "" {
					t.Fatalf("%s, copying %t: %s", name, copying, diff)
				}
				copy(body, kept)
			}
		}
	})
}

// split returns the fields of a body.
func split(t interface{ Fatal(...any) }, b []byte) (parts [][]byte) {
	for len(b) > 0 {
		_, _, n := protowire.ConsumeField(b)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		parts, b = append(parts, b[:n]), b[n:]
	}
	return parts
}

func drawUnknown(t *rapid.T) []byte {
	n := Number(rapid.IntRange(21, 3000).Draw(t, "unknown"))
	switch rapid.IntRange(0, 4).Draw(t, "kind") {
	case 0:
		return protowire.AppendVarint(protowire.AppendTag(nil, n, protowire.VarintType), rapid.Uint64().Draw(t, "value"))
	case 1:
		return protowire.AppendFixed64(protowire.AppendTag(nil, n, protowire.Fixed64Type), 9)
	case 2:
		return protowire.AppendFixed32(protowire.AppendTag(nil, n, protowire.Fixed32Type), 9)
	case 3:
		return protowire.AppendString(protowire.AppendTag(nil, n, protowire.BytesType), rapid.String().Draw(t, "value"))
	default:
		return nil
	}
}

// The bytes of each kind are those of the protobuf wire format.
func TestFieldsBytes(t *testing.T) {
	for _, c := range []struct {
		want  string
		write func(*Fields)
	}{
		{"0809", func(f *Fields) { v := int64(-5); f.Int(1, &v) }},
		{"", func(f *Fields) { f.Int(1, new(int64)) }},
		{"0803", func(f *Fields) { v := int64(9); f.As(1, &v, -2) }},
		{"", func(f *Fields) { v := int64(9); f.As(1, &v, 0) }},
		{"0801", func(f *Fields) { v := int64(9); f.From(1, &v, 10) }},
		{"", func(f *Fields) { v := int64(9); f.From(1, &v, 9) }},
		{"0801", func(f *Fields) { v := int32(-1); f.Int32(1, &v) }},
		{"0802", func(f *Fields) { v := 1; f.Count(1, &v) }},
		{"08ff01", func(f *Fields) { v := uint8(255); f.Byte(1, &v) }},
		{"", func(f *Fields) { f.Byte(1, new(uint8)) }},
		{"090100000000000000", func(f *Fields) { v := uint64(1); f.Fixed64(1, &v) }},
		{"", func(f *Fields) { f.Fixed64(1, new(uint64)) }},
		{"800101", func(f *Fields) { v := true; f.Bool(16, &v) }},
		{"", func(f *Fields) { f.Bool(16, new(bool)) }},
		{"0801", func(f *Fields) { f.Not(1, new(bool)) }},
		{"", func(f *Fields) { v := true; f.Not(1, &v) }},
		{"0a0178", func(f *Fields) { v := "x"; f.Text(1, &v) }},
		{"", func(f *Fields) { f.Text(1, new(string)) }},
		{"0a00", func(f *Fields) { f.Other(1, new(string), "x") }},
		{"", func(f *Fields) { v := "x"; f.Other(1, &v, "x") }},
		{"0a000a0178", func(f *Fields) { f.Texts(1, &[]string{"", "x"}) }},
		{"0a0178", func(f *Fields) { f.Blob(1, &[]byte{'x'}) }},
		{"", func(f *Fields) { f.Blob(1, &[]byte{}) }},
		{"0a0178", func(f *Fields) { f.Packed(1, &[]byte{'x'}) }},
		{"0a00", func(f *Fields) {
			for range f.Message(1) {
				innerFields(f, &inner{})
			}
		}},
		{"", func(f *Fields) {
			for range Value(f, 1, &inner{}) {
				t.Error("a zero value is written")
			}
		}},
		{"0a031a010a", func(f *Fields) {
			for range f.Message(1) {
				f.Raw([]byte{3<<3 | 2, 1, 10})
			}
		}},
	} {
		f := Writing(1, 0)
		c.write(&f)
		if got := hex.EncodeToString(f.Body()); got != "01"+c.want {
			t.Errorf("got %s, want 01%s", got, c.want)
		}
	}
}

// The length of a message takes as many bytes as it must, however its fields moved.
func TestFieldsLongMessages(t *testing.T) {
	for _, n := range []int{0, 1, 122, 123, 124, 125, 126, 127, 128, 200, 16378, 16379, 16380, 16384, 1 << 21} {
		r := &record{Each: []inner{{Text: strings.Repeat("x", n)}, {Text: "y", deep: deep{strings.Repeat("z", n)}}}, Far: "end", Near: nearTo, Mostly: true, Other: same}
		b := encode(r)
		got, err := decode(Reading(b, 7))
		if err != nil || equal(r, got) != "" {
			t.Errorf("%d bytes: %v, %s", n, err, equal(r, got))
		}
		var size int
		for _, p := range split(t, b[1:]) {
			size += len(p)
		}
		if size != len(b)-1 {
			t.Errorf("%d bytes: fields of %d in a body of %d", n, size, len(b))
		}
	}
}

// What comes twice is what came last; what is nested is begun anew, and the elements of lists are all there.
func TestFieldsTwice(t *testing.T) {
	f := Writing(7, 0)
	for i := range 2 {
		r := record{Int: int64(i + 1), Near: nearTo, Mostly: true, Other: same, Value: inner{Text: "first"}, Pointer: &inner{Text: "first"}, Each: []inner{{}, {Int: 3}}}
		if i > 0 {
			r.Value, r.Pointer = inner{Int: 9}, &inner{Int: 9}
		}
		recordFields(&f, &r)
	}
	want := &record{
		Int: 2, Form: 0, Near: nearTo, Mostly: true, Other: same, Value: inner{Int: 9}, Pointer: &inner{Int: 9}, Each: []inner{{}, {Int: 3}, {}, {Int: 3}},
	}
	got, err := decode(Reading(f.Body(), 7))
	got.Form = 0
	if diff := equal(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestFieldsDamaged(t *testing.T) {
	errValue := errors.New("value")
	for name, c := range map[string]struct {
		body []byte
		want error
	}{
		"nothing":               {nil, ErrTruncated},
		"another version":       {[]byte{8}, ErrVersion},
		"number 0":              {[]byte{7, 0}, ErrTruncated},
		"half a tag":            {[]byte{7, 0x80}, ErrTruncated},
		"half a number":         {[]byte{7, 8, 0x80}, ErrTruncated},
		"more than 64 bits":     {[]byte{7, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2}, ErrTruncated},
		"half of eight bytes":   {[]byte{7, 7<<3 | 1, 1, 2, 3}, ErrTruncated},
		"half of four bytes":    {[]byte{7, 7<<3 | 5, 1, 2, 3}, ErrTruncated},
		"a group":               {[]byte{7, 1<<3 | 3}, ErrTruncated},
		"a length too long":     {[]byte{7, 10<<3 | 2, 2, 'x'}, ErrTruncated},
		"the longest length":    {[]byte{7, 10<<3 | 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, ErrTruncated},
		"damaged inside":        {[]byte{7, 15<<3 | 2, 2, 1<<3 | 2, 9, 8, 2}, ErrTruncated},
		"reaching out":          {[]byte{7, 15<<3 | 2, 2, 1<<3 | 2, 2, 8, 2}, ErrTruncated},
		"damaged inside a list": {[]byte{7, 19<<3&0x7f | 2 | 0x80, 1, 2, 1<<3 | 2, 9, 8, 2}, ErrTruncated},
		"unknown, damaged":      {[]byte{7, 0xfa, 0x3f, 9, 'x'}, ErrTruncated},
	} {
		for copying, f := range map[bool]Fields{false: Reading(c.body, 7), true: Copying(c.body, 7)} {
			if got, err := decode(f); !errors.Is(err, c.want) {
				t.Errorf("%s, copying %t: %+v, %v", name, copying, got, err)
			}
		}
	}
	f := Reading(encode(&record{Int: 1, Text: "t", Far: "far"}), 7)
	r := &record{}
	for f.Next() {
		f.Int(1, &r.Int)
		if r.Int != 0 {
			f.Fail(errValue)
			f.Refuse()
		}
		f.Text(10, &r.Text)
	}
	if !errors.Is(f.Err(), errValue) || r.Text != "" {
		t.Errorf("read on with %v: %+v", f.Err(), r)
	}
}

// Texts of Copying do not keep the body; those of Reading share one allocation.
func TestFieldsAllocations(t *testing.T) {
	b := encode(&record{Text: strings.Repeat("x", 100), Always: inner{Text: strings.Repeat("y", 100)}, Far: strings.Repeat("z", 100)})
	var r record
	read := func(f Fields) {
		for f.Next() {
			recordFields(&f, &r)
		}
	}
	if n := testing.AllocsPerRun(100, func() { read(Reading(b, 7)) }); n != 1 {
		t.Errorf("Reading allocates %.0f times", n)
	}
	if n := testing.AllocsPerRun(100, func() { read(Copying(b, 7)) }); n != 3 {
		t.Errorf("Copying allocates %.0f times", n)
	}
	room := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() {
		f := Appending(room)
		recordFields(&f, &r)
	}); n != 0 {
		t.Errorf("writing allocates %.0f times", n)
	}
}

// FuzzFields: nothing panics, what is read is bounded by what there was, and reads the same after it was written.
func FuzzFields(f *testing.F) {
	v := inner{Text: "a", Int: -1, deep: deep{"d"}}
	f.Add(encode(&record{}))
	f.Add(encode(&record{
		Int: -5, Form: 7, Near: 1001, Int32: -1, Count: 3, Byte: 200, Fixed: 1 << 60, Bool: true, Mostly: true, Text: "t", Texts: []string{"", "x"},
		Blob: []byte("b"), Packed: []byte("p"), Always: v, Optional: v, Value: v, Pointer: &v, Each: []inner{{}, v}, EachOther: []*inner{&v}, Far: "far",
	}))
	f.Add([]byte{7, 1<<3 | 3, 1<<3 | 4})
	f.Add([]byte{7, 1<<3 | 5, 1, 2, 3, 4})
	f.Add([]byte{7, 10<<3 | 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decode(Reading(b, 7))
		other, also := decode(Copying(b, 7))
		if fmt.Sprint(err) != fmt.Sprint(also) || err == nil && equal(r, other) != "" {
			t.Fatalf("%x: %v and %v: %s", b, err, also, equal(r, other))
		}
		if err != nil {
			if !errors.Is(err, ErrTruncated) && !errors.Is(err, ErrVersion) {
				t.Fatal(err)
			}
			return
		}
		if n := len(r.Texts) + len(r.Each) + len(r.EachOther) + len(r.Blob) + len(r.Packed) + len(r.Text); n > len(b) {
			t.Fatalf("%d from %d bytes", n, len(b))
		}
		if r.Optional.Int == 0 {
			r.Optional = inner{} // it is not written
		}
		again, err := decode(Reading(encode(r), 7))
		if err != nil || equal(r, again) != "" {
			t.Fatalf("%x: %v: %s", b, err, equal(r, again))
		}
	})
}
