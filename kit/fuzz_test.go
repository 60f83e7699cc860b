package kit_test

import "testing"

// FuzzPayloads: no input makes a payload panic, and what decodes encodes again
// without losing a member.
func FuzzPayloads(f *testing.F) {
	payloads.Fuzz(f,
		`{"id":1,"candidate":{"id":"x"},"application":{"submitted_at":1736951400},"submitted_at":[ 1 ],"rejected":null}`)
}
