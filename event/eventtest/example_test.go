package eventtest_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/kombo"
	"github.com/atshooks/atshooks/kombo/kombotest"
)

// A service checks itself as the vendor meets it: with its router and its
// middleware. Here the callback calls the recorder; usually it is what the test
// puts in the place of a database that does.
func ExampleRun() {
	var t *testing.T // of the test

	var recorder eventtest.Recorder
	hooks, err := kombo.NewHandler("secret", nil)
	if err != nil {
		t.Fatal(err)
	}
	hooks.OnDataChanged(func(context.Context, *kombo.DataChanged) error {
		return recorder.Ran() // when it has done its work
	})
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/kombo", hooks)

	eventtest.Run(t, eventtest.Config{
		Vendor:   kombotest.Vendor,
		Handler:  mux,
		Path:     "/hooks/kombo",
		Secret:   "secret",
		Types:    []string{kombo.TypeDataChanged}, // the service wants no others
		Recorder: &recorder,
	})
}

// The log of a test that sent the fixtures must not say who is in them.
func ExampleVendor_Leaks() {
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))

	order := kombotest.AssessmentOrderReceived()
	logger.Info("ordered", "order", order) // prints ids only
	logger.Info("greeting", "text", "Dear "+order.Candidate.FirstName)

	for _, leak := range kombotest.Vendor.Leaks(log.Bytes()) {
		fmt.Println(leak)
	}
	// Output:
	// "Mira", from candidate.first_name of assessment:order-received
}

// A near miss is made without a test, and sent to anything that speaks HTTP.
func ExampleNearMiss_Make() {
	hooks, err := kombo.NewHandler("secret", nil)
	if err != nil {
		panic(err)
	}
	slog.SetLogLoggerLevel(slog.LevelError) // rejections are logged
	for _, m := range kombotest.Vendor.NearMisses() {
		if m.Skip != "" || m.NeedsPrevious {
			continue
		}
		r, err := m.Make(eventtest.Draft{Type: kombo.TypeDataChanged, Secret: "secret"})
		if err != nil {
			panic(err)
		}
		req := httptest.NewRequest(http.MethodPost, "/hooks/kombo", bytes.NewReader(r.Body))
		req.Header = r.Header
		w := httptest.NewRecorder()
		hooks.ServeHTTP(w, req)
		fmt.Println(w.Code, m.Name)
	}
	// Output:
	// 401 no signature
	// 401 wrong key
	// 401 empty key
	// 401 one character of the signature changed
	// 401 half of the signature
	// 401 wrong encoding
	// 401 one byte of the body changed
	// 401 re-encoded JSON
	// 401 truncated
	// 413 too large
	// 200 unknown type
	// 200 an added member
	// 200 null where a value is usual
	// 200 the same again
}
