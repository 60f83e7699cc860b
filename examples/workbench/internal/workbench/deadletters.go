package workbench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
	"github.com/atshooks/atshooks/examples/internal/show"
)

// Store is what the page needs of an inbox. Those of this module are all
// stores. It must be safe for concurrent use.
type Store interface {
	Stats(ctx context.Context) (*inbox.Stats, error)
	DeadLetters(ctx context.Context, after string, limit int) ([]*inbox.DeadLetter, error)
	DeadLetter(ctx context.Context, ref string) (*inbox.DeadLetter, *event.Delivery, error)
	Rerun(ctx context.Context, ref string) error
	Discard(ctx context.Context, ref string) error
}

// Opener opens the store that -store names. What is closed at the end may be
// nil.
type Opener func(ctx context.Context, where string, stderr io.Writer) (Store, io.Closer, error)

const (
	perPage   = 50 // dead letters
	storeTime = 10 * time.Second
)

// letters is the page of dead letters.
type letters struct {
	Counts  []handlerCounts
	List    []letterView
	Next    string // the URL of the next page
	One     *letterView
	Confirm string // what is to be confirmed: rerun or discard
}

type handlerCounts struct {
	Handler string
	inbox.Counts
}

// letterView is a dead letter with printable texts.
type letterView struct {
	Ref                                         string
	Handler, Tenant, Type, ID, Key, Reason, Why string
	Attempts                                    int
	Stored, Failed, Expires                     string
	Error, Body                                 string // only if they are asked for
	Opened                                      bool
}

func viewOf(l *inbox.DeadLetter) letterView {
	return letterView{
		Ref:     l.Ref,
		Handler: short(l.Handler), Tenant: short(l.Tenant), Type: orDash(short(l.Type)), ID: short(l.ID), Key: short(l.Key),
		Reason: short(string(l.Reason)), Why: reasonText(l.Reason), Attempts: l.Attempts,
		Stored: timeText(l.StoredAt), Failed: timeText(l.FailedAt), Expires: timeText(l.Expires),
	}
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// reasonText says in a sentence why a delivery was given up.
func reasonText(r inbox.Reason) string {
	switch r {
	case inbox.ReasonPermanent:
		return "The callback said that trying again cannot help, or the handler cannot read the delivery."
	case inbox.ReasonExhausted:
		return "All attempts failed."
	case inbox.ReasonExpiring:
		return "It would have been erased before the next attempt."
	case inbox.ReasonUnfinished:
		return "No attempt came to an end. It may be what kills the process."
	case inbox.ReasonUnreadable:
		return "What is stored is not a delivery."
	case inbox.ReasonGone:
		return "It was erased before it could run again."
	case inbox.ReasonCancelled:
		return "Someone gave it up with the engine's own means."
	}
	return ""
}

func (s *server) deadLetters(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), storeTime)
	defer cancel()
	p := &page{Tab: "dead", Title: "Dead letters", Letters: &letters{}, Notice: r.FormValue("done")}
	if !slices.Contains([]string{"", "Rerun.", "Discarded."}, p.Notice) {
		p.Notice = ""
	}
	status := http.StatusOK
	if err := s.listLetters(ctx, p.Letters, r.FormValue("after")); err != nil {
		status, p.Notice = http.StatusBadGateway, storeProblem(err)
	}
	s.render(w, r, status, p)
}

func (s *server) listLetters(ctx context.Context, t *letters, after string) error {
	stats, err := s.store.Stats(ctx)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(stats.Handlers)) {
		t.Counts = append(t.Counts, handlerCounts{short(name), stats.Handlers[name]})
	}
	found, err := s.store.DeadLetters(ctx, after, perPage)
	if err != nil {
		return err
	}
	for _, l := range found {
		t.List = append(t.List, viewOf(l))
	}
	if len(found) == perPage {
		t.Next = "/dead?" + url.Values{"after": {found[perPage-1].Ref}}.Encode()
	}
	return nil
}

// storeProblem says what to do. An engine's error may hold an address or a
// name, and nothing of a body.
func storeProblem(err error) string {
	if errors.Is(err, inbox.ErrGone) {
		return sentence(inbox.ErrGone.Error())
	}
	return fmt.Sprintf("The store did not respond as it should: %s.", show.Printable(err.Error()))
}

// deadLetter shows one. Its body, and the callback's error, which may hold
// personal data too, are shown if they are asked for.
func (s *server) deadLetter(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), storeTime)
	defer cancel()
	p := &page{Tab: "dead", Title: "Dead letter", Letters: &letters{}}
	l, d, err := s.store.DeadLetter(ctx, r.FormValue("ref"))
	if l == nil {
		if err == nil {
			err = inbox.ErrGone
		}
		p.Notice = storeProblem(err)
		s.render(w, r, http.StatusNotFound, p)
		return
	}
	view := viewOf(l)
	if view.Opened = r.FormValue("open") != ""; view.Opened {
		view.Error = show.Printable(l.Error)
		if d != nil {
			view.Body = bodyText(d.Body)
		}
	}
	p.Letters.One = &view
	if c := r.FormValue("confirm"); c == "rerun" || c == "discard" {
		p.Letters.Confirm = c
	}
	s.render(w, r, http.StatusOK, p)
}

func bodyText(body []byte) string {
	if len(body) <= maxShown {
		if indented, ok := indent(body); ok && len(indented) <= 4*maxShown {
			return show.Printable(indented)
		}
	}
	text, cut := show.Cut(body, maxShown)
	if cut {
		text += "…"
	}
	return show.Printable(text)
}

// changeLetter reruns or discards one, once that was confirmed.
func (s *server) changeLetter(change func(context.Context, string) error, done string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), storeTime)
		defer cancel()
		if r.PostFormValue("confirmed") != "yes" {
			http.Error(w, "this needs a confirmation", http.StatusUnprocessableEntity)
			return
		}
		if err := change(ctx, r.PostFormValue("ref")); err != nil {
			s.render(w, r, http.StatusBadGateway, &page{Tab: "dead", Title: "Dead letter", Letters: &letters{}, Notice: storeProblem(err)})
			return
		}
		http.Redirect(w, r, "/dead?"+url.Values{"done": {done}}.Encode(), http.StatusSeeOther)
	}
}
