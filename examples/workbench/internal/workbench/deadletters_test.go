package workbench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
)

// fakeStore has numbered dead letters.
type fakeStore struct {
	refs []string
	did  []string
	err  error
}

const personal = "jane.canary@example.com"

func (f *fakeStore) letter(ref string) *inbox.DeadLetter {
	return &inbox.DeadLetter{
		Ref: ref, Handler: "kombo", Type: "data-<b>changed", ID: "id" + ref, Reason: inbox.ReasonExhausted,
		Error: "no such person: " + personal, Attempts: 23, FailedAt: time.Now(),
	}
}

func (f *fakeStore) Stats(context.Context) (*inbox.Stats, error) {
	return &inbox.Stats{Handlers: map[string]inbox.Counts{"kombo": {Waiting: 4711, Dead: int64(len(f.refs))}}}, f.err
}

func (f *fakeStore) DeadLetters(_ context.Context, after string, limit int) ([]*inbox.DeadLetter, error) {
	from := slices.Index(f.refs, after) + 1
	var found []*inbox.DeadLetter
	for _, ref := range f.refs[from:min(len(f.refs), from+limit)] {
		found = append(found, f.letter(ref))
	}
	return found, f.err
}

func (f *fakeStore) DeadLetter(_ context.Context, ref string) (*inbox.DeadLetter, *event.Delivery, error) {
	if !slices.Contains(f.refs, ref) {
		return nil, nil, inbox.ErrGone
	}
	return f.letter(ref), &event.Delivery{Body: []byte(`{"email":"` + personal + `","x":"<script>"}`)}, nil
}

func (f *fakeStore) Rerun(_ context.Context, ref string) error {
	f.did = append(f.did, "rerun "+ref)
	return f.err
}

func (f *fakeStore) Discard(_ context.Context, ref string) error {
	f.did = append(f.did, "discard "+ref)
	return f.err
}

func benchWithStore(t *testing.T) (*bench, *fakeStore) {
	t.Helper()
	f := &fakeStore{}
	for i := range perPage + 1 {
		f.refs = append(f.refs, fmt.Sprintf("%d&x=", i))
	}
	b := newBench(t)
	b.store = f
	b.page = guard(b.server.handler(), "8080")
	return b, f
}

func TestDeadLettersAreListed(t *testing.T) {
	b, f := benchWithStore(t)
	text := b.get("/dead")
	want(t, text, "4711", "exhausted", "id0&x=", "data-<b>changed", "/dead?after=49%26x%3D", `href="/dead/letter?ref=0%26x%3d"`)
	if strings.Contains(text, personal) || strings.Contains(text, "id50") {
		t.Error("the list shows too much")
	}
	want(t, b.get("/dead?after=49%26x%3D"), "id50&x=")

	f.err = errors.New("down")
	if w := b.do(http.MethodGet, "/dead", nil); w.Code != http.StatusBadGateway || !strings.Contains(w.Body.String(), "did not respond as it should: down") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestDeadLetterShowsPersonalDataOnlyIfAsked(t *testing.T) {
	b, _ := benchWithStore(t)
	text := b.get("/dead/letter?ref=7%26x%3D")
	want(t, text, "All attempts failed.", "23", "Rerun…")
	if strings.Contains(text, personal) {
		t.Error("the body or the error is shown unasked")
	}
	w := b.do(http.MethodGet, "/dead/letter?ref=7%26x%3D&open=yes", nil)
	if n := strings.Count(w.Body.String(), personal); n != 2 || strings.Contains(w.Body.String(), "<script>\"") {
		t.Errorf("%d times in %s", n, w.Body)
	}
	if w := b.do(http.MethodGet, "/dead/letter?ref=none", nil); w.Code != http.StatusNotFound {
		t.Errorf("one that is not there: %d", w.Code)
	}
}

func TestChangesAreConfirmed(t *testing.T) {
	b, f := benchWithStore(t)
	for _, do := range []string{"rerun", "discard"} {
		want(t, b.get("/dead/letter?ref=7%26x%3D&confirm="+do), `action="/dead/`+do+`"`, `name="confirmed"`)
		form := url.Values{"ref": {"7&x="}}
		if w := b.do(http.MethodPost, "/dead/"+do, form); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("without a confirmation: %d", w.Code)
		}
		form.Set("confirmed", "yes")
		if w := b.do(http.MethodPost, "/dead/"+do, form); w.Code != http.StatusSeeOther {
			t.Errorf("%d", w.Code)
		}
	}
	if !slices.Equal(f.did, []string{"rerun 7&x=", "discard 7&x="}) {
		t.Errorf("did %q", f.did)
	}
	f.err = fmt.Errorf("x: %w", inbox.ErrGone)
	if w := b.do(http.MethodPost, "/dead/rerun", url.Values{"ref": {"1"}, "confirmed": {"yes"}}); w.Code != http.StatusBadGateway || !strings.Contains(w.Body.String(), "No such dead letter") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestNoStoreNoPage(t *testing.T) {
	b := newBench(t)
	if w := b.do(http.MethodGet, "/dead", nil); w.Code != http.StatusNotFound {
		t.Errorf("%d", w.Code)
	}
	if strings.Contains(b.get("/"), "Dead letters") {
		t.Error("the page leads to none")
	}
	if err := Run(t.Context(), []string{"-store", "x"}, nil, t.Output(), t.Output()); err == nil {
		t.Error("-store is a flag of a program without engines")
	}
}
