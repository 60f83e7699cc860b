package eventtest_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"
	"time"

	"github.com/atshooks/atshooks/comeet"
	"github.com/atshooks/atshooks/comeet/comeettest"
	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/kit"
	"github.com/atshooks/atshooks/kit/kittest"
	"github.com/atshooks/atshooks/kombo"
	"github.com/atshooks/atshooks/kombo/kombotest"
	"github.com/atshooks/atshooks/signature"
)

// A service is tested as the vendor meets it, with its router and its middleware.
// Here the callback calls the recorder; usually the test's fake of a database does.
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

// One service, two vendors. It has changed Kombo's provider and stores Kombo's
// deliveries in an Inbox; one of Comeet's events has a URL of its own.
func ExampleConfig() {
	var t *testing.T                                     // of the test
	var service http.Handler                             // with its router and its middleware
	var hooks *kombo.Handler                             // that the service has mounted
	var komboRecorder, comeetRecorder eventtest.Recorder // that the callbacks call

	vendor := kombotest.Vendor
	vendor.Provider = hooks.Provider()
	eventtest.Run(t, eventtest.Config{
		Vendor:         vendor,
		Handler:        service,
		Path:           "/hooks/kombo",
		Secret:         "the new secret",
		PreviousSecret: "the old secret",
		Recorder:       &komboRecorder,
		Inbox:          true, // wait for the worker
		Deduplicates:   true,
		MaxBody:        256 << 10,
	})
	eventtest.Run(t, eventtest.Config{
		Vendor:       comeettest.Vendor,
		Handler:      service,
		Path:         "/hooks/comeet", // and a slash and the type
		Paths:        map[string]string{comeet.TypeCreateEmployee: "/hires"},
		Secret:       "secret",
		Header:       http.Header{"X-Gateway-Token": {"what the gateway adds"}},
		Recorder:     &comeetRecorder,
		Deduplicates: true,
		Skip:         []string{"not a POST request"}, // the gateway rejects those
	})
}

// Requests for tests of single cases. Each provider's test package has short forms,
// such as kittest.NewRequest and kittest.ApplicationAdvanced.
func ExampleVendor_NewRequest() {
	var t *testing.T         // of the test
	var service http.Handler // that receives Kit's webhooks at /hooks/kit

	const secret = "secret"
	v, to := kittest.Vendor, eventtest.To("/hooks/kit")
	moved := eventtest.Sample[kit.Application](v, kit.TypeApplicationAdvanced)
	moved.CurrentStage = "a stage that the service does not know"
	captured := []byte(`{"event":"test.ping","data":null}`)

	for _, test := range []struct {
		name   string
		r      *http.Request
		status int
	}{
		{"a fixture", v.NewRequest(t, secret, kit.TypeOfferAccepted, to), 200},
		{"a payload that several events have", v.NewRequest(t, secret, eventtest.As(kit.TypeApplicationAdvanced, moved), to), 200},
		{"an hour late", v.NewRequest(t, secret, kit.TypeOfferAccepted, to, eventtest.At(time.Now().Add(-time.Hour))), 401},
		{"a captured body", v.Signed(t, secret, kit.TypeTestPing, captured, to), 200},
	} {
		w := httptest.NewRecorder()
		service.ServeHTTP(w, test.r)
		if w.Code != test.status {
			t.Errorf("%s: the status is %d, want %d", test.name, w.Code, test.status)
		}
	}
}

// Signed deliveries without a test, for a load generator or a demonstration.
func ExampleVendor_Sign() {
	hooks, err := kombo.NewHandler("secret", nil)
	if err != nil {
		panic(err)
	}
	hooks.OnDataChanged(func(_ context.Context, e *kombo.DataChanged) error {
		fmt.Println("refetch", e.IntegrationID)
		return nil
	})

	v := kombotest.Vendor
	for i := range 2 {
		e := eventtest.Sample[kombo.DataChanged](v, kombo.TypeDataChanged)
		e.IntegrationID = event.ID(fmt.Sprint("personio:", i))
		body, err := v.BodyWith(kombo.TypeDataChanged, e)
		if err != nil {
			panic(err)
		}
		r, err := v.Sign(eventtest.Draft{Type: kombo.TypeDataChanged, Body: body, Secret: "secret"})
		if err != nil {
			panic(err)
		}
		fmt.Println(hooks.Handle(context.Background(), r).Status)
	}
	// Output:
	// refetch personio:0
	// 200
	// refetch personio:1
	// 200
}

// The test package of a provider has such a variable, with its fixtures in files
// and an embed.FS.
func ExampleVendor() {
	type Moved struct {
		CandidateID event.ID `json:"candidate_id" validate:"required"`
	}
	vendor := eventtest.Vendor{
		Provider: event.Provider{
			Name:     "acme",
			Scheme:   signature.HMAC{Header: "X-Acme-Signature"},
			Envelope: event.Envelope{Type: []string{"type"}, ID: []string{"id"}, Payload: []string{"data"}},
			Types:    []string{"moved", "hired"},
		},
		Fixtures: fstest.MapFS{
			"testdata/moved.json": {Data: []byte(`{"id":"1","type":"moved","data":{"candidate_id":17}}`)},
			"testdata/hired.json": {Data: []byte(`{"id":"2","type":"hired","data":{"candidate_id":"c-18"}}`)},
		},
		Events:  []eventtest.Event{eventtest.Of[Moved]("moved"), eventtest.Of[Moved]("hired")},
		Success: []int{http.StatusOK, http.StatusAccepted}, // Acme takes 204 for a failure
	}

	for _, e := range vendor.Events {
		payload := vendor.Payload(vendor.Body(e.Type))
		fmt.Printf("%s %s decodes to %+v\n", e.Type, payload, *eventtest.Sample[Moved](vendor, e.Type))
	}
	// Output:
	// moved {"candidate_id":17} decodes to {CandidateID:17}
	// hired {"candidate_id":"c-18"} decodes to {CandidateID:c-18}
}

// A provider and its handler go through the suite that those of this module pass.
func ExampleConform() {
	var t *testing.T // of the test

	eventtest.Conform(t, kombotest.Vendor, kombo.New)
}

// The log of a test that sent the fixtures must not say who is in them.
func ExampleVendor_Leaks() {
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))

	order := kombotest.AssessmentOrderReceived()
	logger.Info("ordered", "order", order) // prints ids only
	logger.Info("greeting", "text", "Dear "+order.Candidate.FirstName)

	for _, leak := range kombotest.Vendor.Leaks(log.Bytes()) {
		fmt.Printf("the log has %q, which is %s in %s\n", leak.Value, leak.Member, leak.Type)
	}
	// Output:
	// the log has "Mira", which is candidate.first_name in assessment:order-received
}

// A near miss can be made outside of tests, and sent to anything that speaks HTTP.
func ExampleNearMiss_Make() {
	const limit = 64 << 10
	hooks, err := kombo.NewHandler("secret", &event.Options{MaxBody: limit, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	for _, m := range kombotest.Vendor.NearMisses() {
		if m.Skip != "" || m.NeedsPrevious {
			continue
		}
		r, err := m.Make(eventtest.Draft{Type: kombo.TypeDataChanged, Secret: "secret", Limit: limit})
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

// A Store of your own whose clock tests can set. If it is the clock of a database,
// leave out Wait: the suite then sleeps for some seconds.
func ExampleStore() {
	var t *testing.T                                                                           // of the test
	var newStore func(database string, window time.Duration, now func() time.Time) event.Store // what is tested

	eventtest.Store(t, func(t testing.TB, window time.Duration) eventtest.StoreSetup {
		database, now := t.TempDir(), time.Now() // both for one test
		return eventtest.StoreSetup{
			Open: func() event.Store { return newStore(database, window, func() time.Time { return now }) },
			Wait: func(d time.Duration) { now = now.Add(d) },
		}
	})
}

// An Inbox of your own and its worker.
func ExampleInbox() {
	var t *testing.T    // of the test
	var engine struct { // what is tested
		Open      func(database string, logger *slog.Logger) event.Inbox
		NewWorker func(i event.Inbox, concurrency int, handlers ...event.Dispatcher) eventtest.InboxWorker
		Insert    func(database, handler, key string, stored []byte)
		Kill      func(w eventtest.InboxWorker)
	}

	eventtest.Inbox(t, func(t testing.TB, logger *slog.Logger) eventtest.InboxSetup {
		database := t.TempDir() // for one test
		return eventtest.InboxSetup{
			Open:      func() event.Inbox { return engine.Open(database, logger) },
			NewWorker: engine.NewWorker, // one that retries after milliseconds, and gives up after
			Attempts:  3,
			Insert: func(handler, key string, stored []byte) { // what Put would never store
				engine.Insert(database, handler, key, stored)
			},
			MaxBody: 1 << 20,
			Lease:   time.Second,
			Kill:    engine.Kill, // for example by closing its connection
		}
	})
}
