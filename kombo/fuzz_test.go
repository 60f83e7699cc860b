package kombo_test

import "testing"

// FuzzPayloads: no input makes a payload panic, and what decodes encodes again
// without losing a member.
func FuzzPayloads(f *testing.F) {
	payloads.Fuzz(f,
		`{"end_user":{},"end_user":{"origin_id":null},"sync_duration_seconds":1e-7,"job":{"location":{}},"sync_started_at":"<&>","updated_at":[ 1 ],"remote_data":[ 1 , "<" ]}`)
}
