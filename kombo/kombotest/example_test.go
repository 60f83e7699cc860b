package kombotest_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/atshooks/atshooks/kombo"
	"github.com/atshooks/atshooks/kombo/kombotest"
)

// A test of a callback: a sample, changed where it matters, goes signed to the
// handler. A service passes the request to its own router.
func ExampleNewRequest() {
	t := new(testing.T) // the argument of the test

	k, err := kombo.NewHandler("secret", nil)
	if err != nil {
		t.Fatal(err)
	}
	k.OnDataChanged(func(_ context.Context, e *kombo.DataChanged) error {
		fmt.Println("fetch from", e.IntegrationID)
		return nil
	})

	e := kombotest.DataChanged()
	e.IntegrationID = "workday:1"
	w := httptest.NewRecorder()
	k.ServeHTTP(w, kombotest.NewRequest(t, "secret", e))
	fmt.Println(w.Code)
	// Output:
	// fetch from workday:1
	// 200
}
