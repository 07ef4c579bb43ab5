package timezone

import (
	"testing"
	"time"
)

func TestZoneNamesAreZones(t *testing.T) {
	all := names()
	if len(all) < 400 {
		t.Errorf("%d zones", len(all))
	}
	for _, name := range all {
		if _, err := time.LoadLocation(name); err != nil {
			t.Error(err)
		}
	}
}

func TestZoneHints(t *testing.T) {
	for name, want := range map[string]string{
		"Asia/Kolkatta": ": did you mean Asia/Kolkata?", "asia/kolkata": ": did you mean Asia/Kolkata?", "Kolkata": ": did you mean Asia/Kolkata?",
		"Europe/Berln": ": did you mean Europe/Berlin?", "new york": ": did you mean America/New_York?", "utc": ": did you mean UTC?", "IST": "", "Mars/Olympus": "", "": "",
	} {
		if got := Hint(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
