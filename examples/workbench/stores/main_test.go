package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
	"github.com/atshooks/atshooks/event/jetstream"
	"github.com/atshooks/atshooks/event/jetstream/embedded"
	"github.com/atshooks/atshooks/kombo"
	"github.com/atshooks/atshooks/kombo/kombotest"
)

// giveUp stores one delivery in a folder, and gives it up.
func giveUp(t *testing.T, dir string) {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	engine, err := embedded.Open(dir, &embedded.Options{Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	i, err := jetstream.NewInbox(t.Context(), engine.Conn(), &jetstream.Options{Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	const secret = "a secret for tests only"
	h, err := kombo.NewHandler(secret, &event.Options{Inbox: i, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	h.OnDataChanged(func(context.Context, *kombo.DataChanged) error { return event.Permanent(errors.New("never")) })
	r := kombotest.NewRequest(t, secret, kombo.TypeDataChanged)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp := h.Handle(t.Context(), &event.Request{Header: r.Header, Body: body}); resp.Status != 200 {
		t.Fatalf("%+v", resp)
	}
	dead := make(chan struct{}, 1)
	w, err := jetstream.NewWorker(t.Context(), i, &jetstream.WorkerOptions{
		OnDeadLetter: func(context.Context, *inbox.DeadLetter) { dead <- struct{}{} },
	}, h)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = w.Run(t.Context()) }()
	<-dead
	if err := w.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "engine")
	giveUp(t, dir)
	store, closing, err := open(t.Context(), dir, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer closing.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	letters, err := store.DeadLetters(ctx, "", 10)
	if err != nil || len(letters) != 1 || letters[0].Reason != inbox.ReasonPermanent {
		t.Fatalf("%v %+v", err, letters)
	}
	if stats, err := store.Stats(ctx); err != nil || stats.Dead != 1 {
		t.Errorf("%v %+v", err, stats)
	}
	if _, d, err := store.DeadLetter(ctx, letters[0].Ref); err != nil || d == nil || d.Type != kombo.TypeDataChanged {
		t.Errorf("%v %v", err, d)
	}
	if err := store.Discard(ctx, letters[0].Ref); err != nil {
		t.Error(err)
	}
	if err := store.Rerun(ctx, letters[0].Ref); !errors.Is(err, inbox.ErrGone) {
		t.Errorf("a discarded one is rerun: %v", err)
	}
}

func TestWhatDoesNotExistIsNotMade(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{filepath.Join(dir, "none"), file, "http://127.0.0.1/", "postgres://user:hidden@127.0.0.1:1/x?connect_timeout=1"} {
		_, _, err := open(t.Context(), where, io.Discard)
		if err == nil {
			t.Errorf("%s is opened", where)
		} else if strings.Contains(err.Error(), "hidden") {
			t.Errorf("the password is in %v", err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "none")); err == nil {
		t.Error("a folder was made")
	}
}
