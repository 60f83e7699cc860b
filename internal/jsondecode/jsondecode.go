// Package jsondecode decodes JSON with the fastest decoder of the standard
// library: encoding/json/v2 from Go 1.27 on, encoding/json before.
//
// Both decode the same inputs to the same values, with the same errors.
package jsondecode

// Unmarshal decodes data into what v points to, which must be its zero value.
func Unmarshal(data []byte, v any) error { return unmarshal(data, v) }
