package payment

import "errors"

// CheckObject tells whether b is one JSON object as requests must have it: valid UTF-8, no key twice at any level,
// nested at most 32 deep, nothing behind it. What it returns names a place in b, never a value.
func CheckObject(b []byte) error {
	if problem := scanDocument(string(b), nil); problem != nil {
		return errors.New(problem.Detail)
	}
	return nil
}
