package keldairtest_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/atshooks/atshooks/keldair"
	"github.com/atshooks/atshooks/keldair/keldairtest"
)

// A test of a callback: a sample, changed where it matters, goes signed to the
// handler. A service passes the request to its own router.
func ExampleNewRequest() {
	t := new(testing.T) // the argument of the test

	k, err := keldair.NewHandler("secret", nil)
	if err != nil {
		t.Fatal(err)
	}
	k.OnNewHireFileCompleted(func(_ context.Context, f *keldair.NewHireFile) error {
		fmt.Println("create", f.FullName())
		return nil
	})

	f := keldairtest.NewHireFileCompleted()
	f.LastName = ""
	w := httptest.NewRecorder()
	k.ServeHTTP(w, keldairtest.NewRequest(t, "secret", f))
	fmt.Println(w.Code)
	// Output:
	// create Oswin
	// 200
}
