package wire

import "google.golang.org/protobuf/encoding/protowire"

// Every kind writes its value unless it is zero, and reads it where the field is there.

// Int is an integer, zigzag-encoded: times in milliseconds, durations, amounts.
func (f *Fields) Int(n Number, p *int64) {
	if f.number == n || f.writing && *p != 0 {
		f.int(n, p)
	}
}

// Always is Int that is written even if it is 0.
func (f *Fields) Always(n Number, p *int64) {
	if f.number == n || f.writing {
		f.int(n, p)
	}
}

func (f *Fields) int(n Number, p *int64) {
	if f.writing {
		f.writeInt(n, *p)
	} else {
		*p = f.readInt()
	}
}

func (f *Fields) writeInt(n Number, v int64) {
	f.tag(n, protowire.VarintType)
	f.b = protowire.AppendVarint(f.b, protowire.EncodeZigZag(v))
}

func (f *Fields) readInt() int64 {
	v := protowire.DecodeZigZag(f.num)
	f.step()
	return v
}

// As is Int for a value that is written in another form: v is written, and *p becomes what is read. It is the
// description that turns *p into the value again, once the message has been read.
func (f *Fields) As(n Number, p *int64, v int64) {
	if f.number == n || f.writing && v != 0 {
		if f.writing {
			p = &v
		}
		f.int(n, p)
	}
}

// From is Int for a value that is written as its distance from base, which must not change while the message is read.
// Where the distance is 0 nothing is written, and *p stays as it is.
func (f *Fields) From(n Number, p *int64, base int64) {
	if f.number == n || f.writing && *p != base {
		f.distance(n, p, base)
	}
}

func (f *Fields) distance(n Number, p *int64, base int64) {
	if f.writing {
		f.writeInt(n, *p-base)
	} else {
		*p = base + f.readInt()
	}
}

// Int32 is Int of 32 bits.
func (f *Fields) Int32(n Number, p *int32) {
	if f.number == n || f.writing && *p != 0 {
		f.int32(n, p)
	}
}

func (f *Fields) int32(n Number, p *int32) {
	if f.writing {
		f.writeInt(n, int64(*p))
	} else {
		*p = int32(f.readInt())
	}
}

// Count is Int of a number of things.
func (f *Fields) Count(n Number, p *int) {
	if f.number == n || f.writing && *p != 0 {
		f.count(n, p)
	}
}

func (f *Fields) count(n Number, p *int) {
	if f.writing {
		f.writeInt(n, int64(*p))
	} else {
		*p = int(f.readInt())
	}
}

// Byte is a small number: one of a kind, a set of flags.
func (f *Fields) Byte(n Number, p *uint8) {
	if f.number == n || f.writing && *p != 0 {
		f.byte(n, p)
	}
}

func (f *Fields) byte(n Number, p *uint8) {
	if f.writing {
		f.tag(n, protowire.VarintType)
		f.b = protowire.AppendVarint(f.b, uint64(*p))
		return
	}
	*p = uint8(f.num)
	f.step()
}

// Fixed64 is a number of eight bytes: a hash.
func (f *Fields) Fixed64(n Number, p *uint64) {
	if f.number == n || f.writing && *p != 0 {
		f.fixed64(n, p)
	}
}

func (f *Fields) fixed64(n Number, p *uint64) {
	if f.writing {
		f.tag(n, protowire.Fixed64Type)
		f.b = protowire.AppendFixed64(f.b, *p)
		return
	}
	*p = f.num
	f.step()
}

// Bool is true or, where the field is not there, false.
func (f *Fields) Bool(n Number, p *bool) {
	if f.number == n || f.writing && *p {
		f.bool(n, p)
	}
}

func (f *Fields) bool(n Number, p *bool) {
	if f.writing {
		f.tag(n, protowire.VarintType)
		f.b = append(f.b, 1)
		return
	}
	*p = f.num != 0
	f.step()
}

// Not is Bool for what is mostly true: it is written where it is false.
func (f *Fields) Not(n Number, p *bool) {
	if f.number == n || f.writing && !*p {
		not := !*p
		f.bool(n, &not)
		if !f.writing {
			*p = !not
		}
	}
}

// Text is a string.
func (f *Fields) Text(n Number, p *string) {
	if f.number == n || f.writing && *p != "" {
		f.text(n, p)
	}
}

// Other is Text for one that mostly is same: it is written where it is not, also if it is empty.
func (f *Fields) Other(n Number, p *string, same string) {
	if f.number == n || f.writing && *p != same {
		f.text(n, p)
	}
}

func (f *Fields) text(n Number, p *string) {
	if f.writing {
		f.tag(n, protowire.BytesType)
		f.b = protowire.AppendString(f.b, *p)
		return
	}
	*p = f.string()
	f.step()
}

func (f *Fields) string() string {
	if f.shared != "" {
		return f.shared[f.from:f.to]
	}
	return string(f.b[f.from:f.to])
}

// Texts is a list of strings, a field for each.
func (f *Fields) Texts(n Number, p *[]string) {
	if f.number == n || f.writing && len(*p) > 0 {
		f.texts(n, p)
	}
}

func (f *Fields) texts(n Number, p *[]string) {
	if f.writing {
		for i := range *p {
			f.text(n, &(*p)[i])
		}
		return
	}
	for f.number == n {
		*p = append(*p, f.string())
		f.step()
	}
}

// Blob is bytes, which are copied; nil where there are none.
func (f *Fields) Blob(n Number, p *[]byte) {
	if f.number == n || f.writing && len(*p) > 0 {
		f.blob(n, p)
	}
}

func (f *Fields) blob(n Number, p *[]byte) {
	if f.writing {
		f.tag(n, protowire.BytesType)
		f.b = protowire.AppendBytes(f.b, *p)
		return
	}
	*p = nil
	if f.from < f.to {
		*p = append([]byte(nil), f.b[f.from:f.to]...)
	}
	f.step()
}

// Packed is Blob for what is turned into something else at once: what is read is part of the body, and must neither be
// changed nor kept.
func (f *Fields) Packed(n Number, p *[]byte) bool {
	if f.number != n {
		f.Blob(n, p)
		return false
	}
	*p = f.b[f.from:f.to]
	f.step()
	return true
}

// Raw appends what was written otherwise: fields, or the value of a message that has none.
func (f *Fields) Raw(b []byte) { f.b = append(f.b, b...) }

// RawText is Raw of a string.
func (f *Fields) RawText(s string) { f.b = append(f.b, s...) }

func (f *Fields) tag(n Number, kind protowire.Type) {
	if n < 16 {
		f.b = append(f.b, byte(n)<<3|byte(kind))
		return
	}
	f.b = protowire.AppendTag(f.b, n, kind)
}
