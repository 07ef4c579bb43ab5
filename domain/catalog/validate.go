package catalog

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/millrace/millrace/domain/visible"
)

// Bounds of what people write in definitions, in bytes.
const (
	maxTitle   = 200
	maxText    = 4000
	maxAddress = 2048
)

// A mission, brand, ad, pool or template is named by others with an id of this form.
var slugPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// Addresses: those that apps load, and those to which a tap may lead.
var (
	webPattern     = regexp.MustCompile(`^(?i:https?)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]+)(:[0-9]{1,5})?([/?#][^\s\x00-\x1f\x7f<>"]*)?$`)
	addressPattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:[^\s\x00-\x1f\x7f<>"]+$`)
)

const slugDetail = "must be letters, digits, '-', '_' and '.', beginning with a letter or digit, at most 100"

// definition checks what brands, ads, pools and templates have in common.
func (v *validator) definition(id, status string) {
	switch {
	case id == "":
		v.add("/id", "is required")
	case !slugPattern.MatchString(id):
		v.add("/id", slugDetail)
	}
	if status != StatusDraft && status != StatusActive && status != StatusArchived {
		v.add("/status", "must be draft, active or archived")
	}
}

func (v *validator) optionalID(pointer, id string) {
	if id != "" && !slugPattern.MatchString(id) {
		v.add(pointer, "is not an id")
	}
}

func (v *validator) required(pointer, text string, most int) {
	if text == "" {
		v.add(pointer, "is required")
		return
	}
	v.text(pointer, text, most)
}

func (v *validator) text(pointer, text string, most int) {
	if len(text) > most || !utf8.ValidString(text) {
		v.add(pointer, "must be text of at most "+strconv.Itoa(most)+" bytes")
		return
	}
	if visible.HasControls(text) {
		v.add(pointer, visible.ControlsDetail)
	}
}

// webAddress checks an address that apps load by themselves.
func (v *validator) webAddress(pointer, address string) {
	if address == "" {
		return
	}
	if len(address) > maxAddress || !webPattern.MatchString(address) {
		v.add(pointer, "must be an address that begins with https:// or http://, at most "+strconv.Itoa(maxAddress)+
			" bytes")
	}
}

// address checks where a tap leads. What would run in the app instead of leading somewhere is refused.
func (v *validator) address(pointer, address string) {
	if address == "" {
		return
	}
	if len(address) > maxAddress || !addressPattern.MatchString(address) {
		v.add(pointer, "must be an absolute address such as https://example.com or app://missions, at most "+
			strconv.Itoa(maxAddress)+" bytes")
		return
	}
	scheme, _, _ := strings.Cut(address, ":")
	switch strings.ToLower(scheme) {
	case "javascript", "data", "vbscript", "file", "blob":
		v.add(pointer, "must not be of this scheme")
	}
}
