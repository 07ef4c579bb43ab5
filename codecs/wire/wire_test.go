package wire

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"pgregory.net/rapid"
)

type field struct {
	number int
	kind   int
	num    int64
	text   string
}

func write(w *Writer, f field) {
	n := f.number
	switch f.kind {
	case 0:
		w.Int(protowire.Number(n), f.num)
	case 1:
		w.Uint(protowire.Number(n), uint64(f.num))
	case 2:
		w.Fixed64(protowire.Number(n), uint64(f.num))
	case 3:
		w.Element(protowire.Number(n), f.text)
	case 4:
		w.Message(protowire.Number(n), func(w *Writer) { w.Element(1, f.text) })
	}
}

// Both readers give back what was written, and agree with each other.
func TestRoundTrip(t *testing.T) {
	draw := rapid.Custom(func(t *rapid.T) field {
		return field{
			number: rapid.IntRange(1, 1<<29-1).Draw(t, "number"), kind: rapid.IntRange(0, 4).Draw(t, "kind"),
			num: rapid.Int64().Filter(func(v int64) bool { return v != 0 }).Draw(t, "num"), text: rapid.StringN(0, 300, -1).Draw(t, "text"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		fields := rapid.SliceOfN(draw, 0, 8).Draw(t, "fields")
		w := NewWriter(7, 0)
		var want []string
		for _, f := range fields {
			write(w, f)
			want = append(want, show(f))
		}
		var read, walked []string
		i := 0
		err := Read(w.B, 7, func(f Field) error {
			read = append(read, shown(fields[i], int(f.Number), f.Int(), f.Uint(), f.String(), func() string {
				s := ""
				_ = f.Message(func(f Field) error { s = f.String(); return nil })
				return s
			}))
			i++
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		r := NewReader(string(w.B), 7)
		for i = 0; r.Next(); i++ {
			walked = append(walked, shown(fields[i], r.Number(), r.Int(), r.Uint(), r.String(), func() string {
				m := r.Message()
				m.Next()
				return m.String()
			}))
		}
		if r.Err() != nil || fmt.Sprint(read) != fmt.Sprint(want) || fmt.Sprint(walked) != fmt.Sprint(want) {
			t.Fatalf("%v\nwant   %q\nread   %q\nwalked %q", r.Err(), want, read, walked)
		}
	})
}

func show(f field) string {
	if f.kind < 3 {
		return fmt.Sprint(f.number, f.num)
	}
	return fmt.Sprint(f.number, f.text)
}

func shown(f field, number int, signed int64, unsigned uint64, text string, inner func() string) string {
	switch f.kind {
	case 0:
		return fmt.Sprint(number, signed)
	case 1, 2:
		return fmt.Sprint(number, int64(unsigned))
	case 3:
		return fmt.Sprint(number, text)
	default:
		return fmt.Sprint(number, inner())
	}
}

func TestZeroIsNotWritten(t *testing.T) {
	w := NewWriter(1, 0)
	w.Int(1, 0)
	w.Uint(2, 0)
	w.Fixed64(3, 0)
	w.Bool(4, false)
	w.String(5, "")
	w.Bytes(6, nil)
	if !bytes.Equal(w.B, []byte{1}) {
		t.Errorf("%x", w.B)
	}
	w.Bool(4, true)
	if !bytes.Equal(w.B, []byte{1, 4 << 3, 1}) {
		t.Errorf("%x", w.B)
	}
}

// FuzzRead: neither reader panics. What the copying one refuses the other refuses too; it refuses groups as well.
func FuzzRead(f *testing.F) {
	w := NewWriter(1, 0)
	w.Int(1, -5)
	w.Fixed64(2, 1<<60)
	w.Message(3, func(w *Writer) { w.String(1, "x") })
	f.Add(w.B)
	f.Add([]byte{})
	f.Add([]byte{2})
	f.Add([]byte{1, 0})
	f.Add([]byte{1, 1<<3 | 3, 1<<3 | 4})
	f.Add([]byte{1, 1<<3 | 5, 1, 2, 3, 4})
	f.Add([]byte{1, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2})
	f.Fuzz(func(t *testing.T, b []byte) {
		var read, walked []string
		err := Read(b, 1, func(f Field) error {
			read = append(read, fmt.Sprint(f.Number, f.Uint(), f.String()))
			return nil
		})
		r := NewReader(string(b), 1)
		for r.Next() {
			walked = append(walked, fmt.Sprint(r.Number(), r.Uint(), r.String()))
		}
		switch {
		case err != nil && r.Err() == nil:
			t.Fatalf("%x: only Read refuses: %v", b, err)
		case err == nil && r.Err() == nil && fmt.Sprint(read) != fmt.Sprint(walked):
			t.Fatalf("%x:\n%q\n%q", b, read, walked)
		case err != nil && !errors.Is(err, ErrTruncated) && !errors.Is(err, ErrVersion):
			t.Fatal(err)
		}
	})
}
