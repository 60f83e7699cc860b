package hires100test_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/hires100"
	"github.com/atshooks/atshooks/hires100/hires100test"
)

// A test of a callback: a sample, changed where it matters, goes signed to the
// handler. A service passes the request to its own router.
func ExampleNewRequest() {
	t := new(testing.T) // the argument of the test

	h, err := hires100.NewHandler("secret", nil)
	if err != nil {
		t.Fatal(err)
	}
	h.OnCandidateHired(func(_ context.Context, e *hires100.Event) error {
		fmt.Println("onboard", e.Candidate.FullName())
		return nil
	})

	e := hires100test.CandidateHired()
	e.Candidate.LastName = ""
	w := httptest.NewRecorder()
	h.ServeHTTP(w, hires100test.NewRequest(t, "secret", eventtest.As(hires100.TypeCandidateHired, e)))
	fmt.Println(w.Code)
	// Output:
	// onboard Mira
	// 200
}
