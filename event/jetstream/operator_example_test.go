package jetstream_test

import (
	"encoding/json"
	"errors"
	"log"
	"net/http"

	"github.com/atshooks/atshooks/event/inbox"
	"github.com/atshooks/atshooks/event/jetstream"
)

// People who look after a service see what was given up and why, run it again or
// discard it, and see what waits.
func ExampleInbox_DeadLetters() {
	var in *jetstream.Inbox
	http.Handle("/operator/", http.StripPrefix("/operator", operator(in)))
}

// operator must be behind a login: deliveries hold candidates' personal data.
func operator(in *jetstream.Inbox) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /dead", func(w http.ResponseWriter, r *http.Request) {
		page, err := in.DeadLetters(r.Context(), r.FormValue("after"), 100) // after: the last Ref of the page before
		reply(w, page, err)
	})
	mux.HandleFunc("GET /dead/{ref}", func(w http.ResponseWriter, r *http.Request) {
		letter, delivery, err := in.DeadLetter(r.Context(), r.PathValue("ref"))
		found := map[string]any{"letter": letter}
		if delivery != nil {
			found["body"] = string(delivery.Body)
		}
		reply(w, found, err)
	})
	mux.HandleFunc("POST /dead/{ref}/rerun", func(w http.ResponseWriter, r *http.Request) {
		reply(w, "runs again", in.Rerun(r.Context(), r.PathValue("ref")))
	})
	mux.HandleFunc("DELETE /dead/{ref}", func(w http.ResponseWriter, r *http.Request) {
		reply(w, "discarded", in.Discard(r.Context(), r.PathValue("ref")))
	})
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, r *http.Request) {
		stats, err := in.Stats(r.Context())
		if err != nil {
			reply(w, nil, err)
			return
		}
		reply(w, stats.Handlers, nil)
	})
	return http.NewCrossOriginProtection().Handler(mux)
}

func reply(w http.ResponseWriter, value any, err error) {
	switch {
	case errors.Is(err, inbox.ErrGone):
		http.Error(w, "it was rerun, discarded or erased meanwhile", http.StatusNotFound)
	case err != nil:
		log.Print(err)
		http.Error(w, "the inbox cannot be read: see the log", http.StatusServiceUnavailable)
	default:
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(value); err != nil {
			log.Print(err)
		}
	}
}
