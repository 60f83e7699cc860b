// The program tracing prints a trace that begins in a request and ends in a
// callback, although the process was restarted in between.
//
//	cd examples/tracing
//	go run .
//
// It starts itself twice. The first process receives a delivery, stores it in a
// folder and exits; the second one runs the callback. What is printed are the
// spans, in the order in which they end: all of them have the same trace, and
// each names its parent.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/otelevent"
	"github.com/atshooks/atshooks/kombo"
)

const secret = "an example's secret"

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	if len(args) != 2 {
		return runBoth(ctx, stdout)
	}
	tracing := sdktrace.NewTracerProvider(sdktrace.WithSyncer(printer{stdout, args[0]}))
	otel.SetTracerProvider(tracing)
	otel.SetTextMapPropagator(propagation.TraceContext{})
	inbox := folder(args[1])
	k, err := handler(inbox)
	if err != nil {
		return err
	}
	switch args[0] {
	case "receive":
		err = receive(ctx, k)
	case "work":
		err = work(ctx, inbox, k)
	default:
		err = fmt.Errorf("%q is neither receive nor work", args[0])
	}
	return errors.Join(err, tracing.Shutdown(ctx))
}

// runBoth runs the program once to receive, and once more to work.
func runBoth(ctx context.Context, stdout io.Writer) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "tracing")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, stage := range []string{"receive", "work"} {
		cmd := exec.CommandContext(ctx, program, stage, dir)
		cmd.Stdout, cmd.Stderr = stdout, os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%s: %w", stage, err)
		}
	}
	return nil
}

// handler is the same in both processes, and the only part that a service has
// to have: its spans go wherever the global provider sends them.
func handler(inbox event.Inbox) (*kombo.Handler, error) {
	k, err := kombo.NewHandler(secret, otelevent.Instrument(&event.Options{Inbox: inbox}, nil))
	if err != nil {
		return nil, err
	}
	k.OnDataChanged(func(context.Context, *kombo.DataChanged) error { return nil })
	return k, nil
}

// receive serves one request as Kombo sends it. A service has a server for
// that, with the same mux.
func receive(ctx context.Context, k *kombo.Handler) error {
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/kombo", otelhttp.NewHandler(k, "POST /hooks/kombo"))

	signed := event.Request{Body: []byte(`{"id":"ev-1","type":"data-changed","data":{"integration_id":"example:1"}}`)}
	if err := k.Sign(ctx, &signed); err != nil {
		return err
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/hooks/kombo", bytes.NewReader(signed.Body))
	r.Header = signed.Header
	w := httptest.NewRecorder()
	if mux.ServeHTTP(w, r); w.Code != http.StatusOK {
		return fmt.Errorf("the delivery was answered %d", w.Code)
	}
	return nil
}

// work runs the callbacks of all deliveries in the inbox.
func work(ctx context.Context, inbox folder, k event.Dispatcher) error {
	files, err := filepath.Glob(filepath.Join(string(inbox), "*"))
	if err != nil {
		return err
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var d event.Delivery
		if err := d.UnmarshalBinary(data); err != nil {
			return err
		}
		d.Attempt = 1
		if err := k.Dispatch(ctx, &d); err != nil {
			return err
		}
		if err := os.Remove(file); err != nil {
			return err
		}
	}
	return nil
}

// folder is an inbox with a file for each delivery. It stands for a durable
// one, such as those of event/jetstream and event/riverqueue, whose workers do
// what work does.
type folder string

func (f folder) Put(_ context.Context, d *event.Delivery) error {
	data, err := d.MarshalBinary()
	if err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(string(f), d.Key()), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return event.ErrDuplicate
	}
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Sync(), file.Close())
}

// printer prints spans. A service exports them to a collector instead.
type printer struct {
	w     io.Writer
	stage string
}

func (p printer) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	for _, s := range spans {
		_, err := fmt.Fprintf(p.w, "%-8s %-18s trace %s span %s parent %s\n",
			p.stage, s.Name(), s.SpanContext().TraceID(), s.SpanContext().SpanID(), s.Parent().SpanID())
		if err != nil {
			return err
		}
	}
	return nil
}

func (printer) Shutdown(context.Context) error { return nil }
