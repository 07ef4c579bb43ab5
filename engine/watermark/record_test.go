package watermark

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func goldenRecords() map[string]Record {
	return map[string]Record{
		"00776d6b" + "02" + "03" + "0c" + "06696e74616b65" + "c4bab98d9567": {Origin: "intake", Source: 3, Sources: 12, Time: 1772359200418},
		"00776d6b" + "03" + "00" + "04" + "066c6564676572" + "02" + "f02e":  {Origin: "ledger", Sources: 4, Time: 1, Idle: true, Elapsed: 6000},
		"00776d6b" + "01" + "ffff03" + "808004" + "00" + "00":               {Source: 65535, Sources: 65536, Time: None, Idle: true},
		"00776d6b" + "00" + "00" + "01" + "00":                              {Sources: 1, Time: None},
		"00776d6b" + "02" + "00" + "01" + "0178" + "0d":                     {Origin: "x", Sources: 1, Time: -7},
		"00776d6b" + "03" + "00" + "01" + "00" + "00" + "00":                {Sources: 1, Time: 0, Idle: true},
	}
}

func TestRecordGolden(t *testing.T) {
	for want, r := range goldenRecords() {
		if got := hex.EncodeToString(r.Append(nil)); got != want {
			t.Errorf("%+v\n got %s\nwant %s", r, got, want)
		}
		b, _ := hex.DecodeString(want)
		if got, err := Decode(b); err != nil || got != r {
			t.Errorf("%s is %+v, %v, want %+v", want, got, err, r)
		}
	}
}

func TestRecordRefused(t *testing.T) {
	for name, h := range map[string]string{
		"nothing":         "",
		"magic alone":     "00776d6b",
		"another magic":   "00636c6b020001",
		"source too high": "00776d6b0001010000",
		"no sources":      "00776d6b00000000",
		"too many":        "00776d6b000081800400",
		"origin cut":      "00776d6b0000010561",
		"trailing byte":   "00776d6b0000010000",
		"unknown flag":    "00776d6b04000100",
		"year 10000":      "00776d6b0200010080f0fea1fa9d73",
		"long varint":     "00776d6b00800001" + "00",
		"elapsed alone":   "00776d6b0100010001",
	} {
		b, err := hex.DecodeString(h)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := Decode(b); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func TestRowsGolden(t *testing.T) {
	p := New(DefaultConfig(), "me", 0, 1, true, Input{Topic: "in"}, Input{Topic: "own", Own: true})
	p.Observe("in", Record{Origin: "a", Sources: 2, Time: 10})
	p.Observe("in", Record{Origin: "a", Source: 1, Sources: 2, Time: 9, Idle: true, Elapsed: 5000})
	p.Seen("own", 8, 64)
	p.Next(8)
	p.Forward()
	var got []string
	for _, r := range p.Changed() {
		got = append(got, hex.EncodeToString([]byte(r.Key))+" "+hex.EncodeToString(r.Value))
	}
	want := []string{
		"00776d6b 01" + "0110" + "00" + "00",
		"00776d6b696e 01" + "00" + "01" + "0161" + "02" + "0614" + "0712" + "8827",
		"00776d6b6f776e 01" + "0110" + "018001" + "00" + "00" + "00",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if p.Changed() != nil && len(p.Changed()) > 0 {
		t.Error("nothing changed since")
	}
	p.Next(9)
	if rows := p.Changed(); len(rows) != 1 || rows[0].Key != RowPrefix {
		t.Errorf("changed: %+v", rows)
	}
}

func TestRestoreRefuses(t *testing.T) {
	for name, row := range map[string]Row{
		"not ours":     {"user", []byte{1}},
		"no value":     {RowPrefix, nil},
		"version":      {RowPrefix, []byte{3, 0, 0, 0}},
		"cut":          {RowPrefix, []byte{1, 1, 16}},
		"trailing":     {RowPrefix, []byte{1, 0, 0, 0, 0}},
		"settled more": {RowPrefix, []byte{1, 0, 1, 16, 0}},
		"input":        {RowPrefix + "in", []byte{1, 0, 1, 1}},
		"own input":    {RowPrefix + "own", []byte{1, 0}},
	} {
		p := New(DefaultConfig(), "me", 0, 1, true, Input{Topic: "in"}, Input{Topic: "own", Own: true})
		if err := p.Restore([]Row{row}); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := New(DefaultConfig(), "me", 0, 1, true, Input{Topic: "in"})
	if err := p.Restore([]Row{{RowPrefix + "gone", []byte{1, 9, 9}}}); err != nil {
		t.Errorf("the row of a topic that is no longer an input: %v", err)
	}
	for _, text := range []string{"\n", "!", "Ag", "AQU"} {
		if err := p.RestoreText(text); !errors.Is(err, ErrMalformed) {
			t.Errorf("text %q: %v", text, err)
		}
	}
}

func TestRecordRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawRecord(t)
		r.Origin = rapid.String().Draw(t, "origin")
		if got, err := Decode(r.Append([]byte{})); err != nil || got != r {
			t.Fatalf("%+v, %v, want %+v", got, err, r)
		}
	})
}

func FuzzDecode(f *testing.F) {
	for h := range goldenRecords() {
		b, _ := hex.DecodeString(h)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Decode(b)
		if err != nil {
			return
		}
		if string(r.Append(nil)) != string(b) {
			t.Errorf("%x is %+v, which is %x", b, r, r.Append(nil))
		}
		m := NewMerge(Input{Topic: "x"})
		m.Observe("x", r)
		if w := m.Watermark(); w != None && !valid(w) {
			t.Errorf("%+v makes watermark %d", r, w)
		}
	})
}

func FuzzRestore(f *testing.F) {
	p := New(DefaultConfig(), "me", 0, 1, true, Input{Topic: "in"}, Input{Topic: "own", Own: true})
	f.Add(RowPrefix, []byte{})
	for range 2 {
		for _, r := range p.all() {
			f.Add(r.Key, r.Value)
		}
		p.Observe("in", Record{Origin: "a", Sources: 2, Time: 10})
		p.Observe("in", Record{Origin: "a", Source: 1, Sources: 2, Time: 9, Idle: true, Elapsed: 5000})
		p.Seen("own", 8, 64)
		p.AnnounceActive()
	}
	f.Fuzz(func(t *testing.T, key string, value []byte) {
		p := New(DefaultConfig(), "me", 0, 1, true, Input{Topic: "in"}, Input{Topic: "own", Own: true})
		if p.Restore([]Row{{key, value}}) != nil {
			return
		}
		text := p.Text()
		again := New(DefaultConfig(), "me", 0, 1, true, Input{Topic: "in"}, Input{Topic: "own", Own: true})
		if err := again.RestoreText(text); err != nil || again.Text() != text {
			t.Errorf("%q %x: %v", key, value, err)
		}
	})
}
