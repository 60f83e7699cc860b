package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRun(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	want := `initech: personio:1 has changed, signed with secret 0
initech with initech-secret: 200 OK
initech with globex-old: 401 Unauthorized
globex: personio:1 has changed, signed with secret 0
globex with globex-old: 200 OK
globex: personio:1 has changed, signed with secret 1
globex with globex-old: 200 OK
globex: personio:1 has changed, signed with secret 0
globex with globex-new: 200 OK
globex with globex-old: 401 Unauthorized
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("printed (-want +got):\n%s", diff)
	}
}
