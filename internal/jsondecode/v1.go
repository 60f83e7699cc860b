//go:build !go1.27

package jsondecode

import (
	"bytes"
	"encoding/json"
)

// unmarshal decodes with version 1, which scans what decodes itself once to
// validate it and once more to find its end. A whole value has its end at the end.
func unmarshal(data []byte, v any) error {
	if u, ok := v.(json.Unmarshaler); ok && json.Valid(data) {
		return u.UnmarshalJSON(bytes.TrimSpace(data))
	}
	return json.Unmarshal(data, v)
}
