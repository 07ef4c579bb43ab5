package doc

import (
	"reflect"
	"strings"
)

// Form is one form of a JSON value: a struct by which it is written or read. The tags of its fields say what they hold:
// the OpenAPI document and the schemas of topics are made of them, the readers take their known fields from the names,
// and the command line writes its bodies with these types. A field that is always written and may be left out by others
// has required:"false".
type Form = reflect.Type

// Formed is the codec of a JSON topic. Descriptions of the topic are made of the forms of its values: a value has one
// of them.
type Formed interface{ Forms() []Form }

// FormOf returns the form of a type.
func FormOf[T any]() Form { return reflect.TypeFor[T]() }

// FieldNames returns the names of a form's fields, as declared.
func FieldNames(form Form) []string {
	var names []string
	for _, f := range reflect.VisibleFields(form) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}
