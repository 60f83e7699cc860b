package keldair_test

import "testing"

// FuzzPayloads: no input makes a payload panic, and what decodes encodes again
// without losing a member.
func FuzzPayloads(f *testing.F) {
	payloads.Fuzz(f,
		`{"object":{"id":1,"larstName":"x","phoneNumber":[ 1 , "<" ],"fields":null,"hiredDate":1736951400,"\u0069d":2,"firstName":7}}`)
}
