// Package eventtest tests services that receive webhooks, and the providers,
// stores and inboxes that they use.
//
// A service tests a callback with a signed request from its provider's own test
// package, and its whole [http.Handler], with router and middleware, with [Run]:
//
//	w := httptest.NewRecorder()
//	service.ServeHTTP(w, kombotest.NewRequest(t, secret, kombotest.DataChanged(), eventtest.To("/hooks/kombo")))
//
//	eventtest.Run(t, eventtest.Config{
//		Vendor:   kombotest.Vendor,
//		Handler:  service,
//		Path:     "/hooks/kombo",
//		Secret:   secret,
//		Recorder: &recorder,
//	})
//
// [Vendor.Leaks] finds candidates' data in the log of such a test. [Conform] tests
// a provider, and [Store] and [Inbox] test any implementation of the interfaces of
// package event.
package eventtest
