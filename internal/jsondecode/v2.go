//go:build go1.27

package jsondecode

import (
	"encoding/json"
	"encoding/json/jsontext"
	jsonv2 "encoding/json/v2"
	"reflect"
)

// lenient makes version 2 accept what version 1 accepts.
var lenient = jsonv2.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true), jsonv2.MatchCaseInsensitiveNames(true))

// unmarshal decodes with version 2. What that rejects is decoded again with
// version 1, which decides, and whose error is the same as on older releases
// of Go.
func unmarshal(data []byte, v any) error {
	if jsonv2.Unmarshal(data, v, lenient) == nil {
		return nil
	}
	reflect.ValueOf(v).Elem().SetZero()
	return json.Unmarshal(data, v)
}
