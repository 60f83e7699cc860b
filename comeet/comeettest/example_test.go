package comeettest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/atshooks/atshooks/comeet"
	"github.com/atshooks/atshooks/comeet/comeettest"
	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
)

// A test of a callback: a sample goes signed to the handler. Here it is one that
// an attacker may have captured. A service passes the request to its own router.
func ExampleNewRequest() {
	t := new(testing.T) // the argument of the test

	h, err := comeet.NewHandler("secret", nil)
	if err != nil {
		t.Fatal(err)
	}
	h.OnCreateEmployee(func(_ context.Context, c *comeet.Candidate) error {
		if len(c.PartnerQuestionnaire) == 0 {
			return &event.Rejection{Status: http.StatusBadRequest, Message: "Please fill in the form."}
		}
		fmt.Println("create", c.FullName())
		return nil
	})

	c := comeettest.RequestQuestionnaire()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, comeettest.NewRequest(t, "secret", eventtest.As(comeet.TypeCreateEmployee, c)))
	fmt.Println(w.Code, w.Body)
	// Output:
	// 400 {"display_message":"Please fill in the form."}
}
