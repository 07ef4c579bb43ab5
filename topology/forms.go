package topology

import (
	"reflect"

	"github.com/millrace/millrace/codecs/doc"
)

// Forms returns the forms that the values of each JSON topic have, by the topic's name: as their codecs, which are
// those of t, say.
func (t *Topology) Forms() map[string][]doc.Form {
	out := map[string][]doc.Form{}
	for _, field := range reflect.ValueOf(t).Elem().Fields() {
		if field.Kind() != reflect.Struct {
			continue
		}
		name, codec := field.FieldByName("Name"), field.FieldByName("Codec")
		if !name.IsValid() || !codec.IsValid() {
			continue
		}
		if formed, ok := codec.Interface().(doc.Formed); ok {
			out[name.String()] = formed.Forms()
		}
	}
	return out
}
