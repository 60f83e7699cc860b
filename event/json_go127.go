//go:build go1.27

package event

import "encoding/json/jsontext"

// The methods in this file save encoding/json/v2 from scanning a value before
// UnmarshalJSON does it again. What they reject, UnmarshalJSON sees once more:
// its errors are those of older releases of Go.

// UnmarshalJSONFrom is UnmarshalJSON for encoding/json/v2.
func (id *ID) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	switch d.PeekKind() {
	case '"', '0':
		t, err := d.ReadToken()
		if err == nil {
			*id = ID(t.String())
		}
		return err
	case 'n':
		return d.SkipValue()
	}
	return errOtherKind
}

// UnmarshalJSONFrom is UnmarshalJSON for encoding/json/v2.
func (t *Time) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	v, err := d.ReadValue()
	if err != nil {
		return err
	}
	return t.UnmarshalJSON(v)
}
