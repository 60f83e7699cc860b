package kittest_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/kit"
	"github.com/atshooks/atshooks/kit/kittest"
)

// A test of a callback: a sample, changed where it matters, goes signed to the
// handler. A service passes the request to its own router.
func ExampleNewRequest() {
	t := new(testing.T) // the argument of the test

	k, err := kit.NewHandler("secret", nil)
	if err != nil {
		t.Fatal(err)
	}
	k.OnApplicationSubmitted(func(_ context.Context, a *kit.Application) error {
		fmt.Println("thank", a.Candidate.Email)
		return nil
	})

	a := kittest.ApplicationSubmitted()
	a.Candidate.Email = "someone.else@example.com"
	w := httptest.NewRecorder()
	k.ServeHTTP(w, kittest.NewRequest(t, "secret", eventtest.As(kit.TypeApplicationSubmitted, a)))
	fmt.Println(w.Code)
	// Output:
	// thank someone.else@example.com
	// 200
}
