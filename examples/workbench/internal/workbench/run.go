// Package workbench is the program of that name: a page on this machine that
// shows deliveries as they arrive, and sends some.
package workbench

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/atshooks/atshooks/examples/internal/send"
	"github.com/atshooks/atshooks/internal/vendors"
)

// config is what the flags say.
type config struct {
	addr, receive string
	acceptAll     bool
	allowRemote   bool
	save          string
	store         string
	secrets       map[string]string
}

func parse(args []string, hasStores bool, stderr io.Writer) (config, error) {
	c := config{secrets: secretsOf(os.Environ())}
	f := flag.NewFlagSet("workbench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&c.addr, "addr", "127.0.0.1:8082", "where the page is, on a loopback address")
	f.StringVar(&c.receive, "receive", "127.0.0.1:8081", "where deliveries are received, on a loopback address: let a tunnel bring them there, and never to the page")
	f.BoolVar(&c.acceptAll, "accept-all", false, "respond 200 to every delivery; otherwise one that has a secret gets what a handler responds")
	f.BoolVar(&c.allowRemote, "allow-remote", false, "send to other machines too")
	f.StringVar(&c.save, "save", "", "keep the latest 500 deliveries in this folder, with the personal data in them; otherwise they are gone at the end")
	if hasStores {
		f.StringVar(&c.store, "store", "", "show the dead letters of this inbox: a folder of package embedded, a nats:// or a postgres:// URL; after a # in the URL, the name of the stream or of the schema, if the service has set one")
	}
	f.Usage = func() {
		fmt.Fprintln(stderr, "Secrets are entered on the page, or taken from the environment: KOMBO_SECRET, KIT_SECRET and so on.")
		f.PrintDefaults()
	}
	if err := f.Parse(args); err != nil {
		return c, err
	}
	if f.NArg() > 0 {
		return c, fmt.Errorf("what is %q? Flags start with a dash", f.Arg(0))
	}
	return c, errors.Join(checkLoopback("addr", c.addr), checkLoopback("receive", c.receive))
}

// secretsOf finds the providers' secrets in the environment.
func secretsOf(environ []string) map[string]string {
	found := make(map[string]string)
	for _, name := range vendors.Names() {
		prefix := strings.ToUpper(name) + "_SECRET="
		if i := slices.IndexFunc(environ, func(s string) bool { return strings.HasPrefix(s, prefix) }); i >= 0 {
			found[name] = strings.TrimPrefix(environ[i], prefix)
		}
	}
	return found
}

// Run is the program. It returns when ctx ends, or something fails. Without
// open there is no flag -store.
func Run(ctx context.Context, args []string, open Opener, stdout, stderr io.Writer) error {
	c, err := parse(args, open != nil, stderr)
	if err != nil {
		return err
	}
	pageListener, err := net.Listen("tcp", c.addr)
	if err != nil {
		return err
	}
	defer pageListener.Close()
	receiveListener, err := net.Listen("tcp", c.receive)
	if err != nil {
		return err
	}
	defer receiveListener.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s, rc, err := c.assemble(ctx, receiveListener.Addr().String(), stderr)
	if err != nil {
		return err
	}
	if c.store != "" {
		store, closer, err := open(ctx, c.store, stderr)
		if err != nil {
			return fmt.Errorf("-store: %w", err)
		}
		if s.store = store; closer != nil {
			defer closer.Close()
		}
	}
	_, port, err := net.SplitHostPort(pageListener.Addr().String())
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "The page:   http://%s\nDeliveries: %s/hooks/kombo, and likewise for %s\n",
		pageListener.Addr(), s.receiveURL, strings.Join(slices.DeleteFunc(vendors.Names(), func(n string) bool { return n == "kombo" }), ", "))
	if c.save != "" {
		fmt.Fprintf(stdout, "Kept in:    %s, with the personal data in them\n", c.save)
	}
	return serve(ctx, s, newServer(guard(s.handler(), port), stderr), pageListener, newServer(rc, stderr), receiveListener)
}

// assemble makes the page and the receiver.
func (c config) assemble(ctx context.Context, receiveAddr string, stderr io.Writer) (*server, *receiver, error) {
	s := &server{
		deliveries:  newDeliveries(),
		secrets:     &secrets{by: c.secrets},
		runs:        newRuns(),
		client:      send.NewClient(c.allowRemote, 16),
		allowRemote: c.allowRemote,
		receiveURL:  "http://" + receiveAddr,
		diagnoses:   diagnoses{got: make(map[string]diagnosis)},
		streams:     make(chan struct{}, maxStreams),
		stopping:    make(chan struct{}),
		targets:     make(map[string]string),
		running:     ctx,
	}
	_, _ = rand.Read(s.seed[:]) // never fails
	rc := &receiver{deliveries: s.deliveries, secrets: s.secrets, acceptAll: c.acceptAll, busy: make(chan struct{}, 64)}
	if c.save != "" {
		a := &archive{dir: c.save}
		if err := a.load(s.deliveries, s.secrets); err != nil {
			return nil, nil, err
		}
		rc.save = func(d delivery) {
			if err := a.save(d); err != nil {
				fmt.Fprintf(stderr, "delivery %d was not kept: %v\n", d.ID, err)
			}
		}
	}
	return s, rc, nil
}

func newServer(h http.Handler, stderr io.Writer) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          log.New(stderr, "", 0),
	}
}

// serve runs both servers until ctx ends or one fails.
func serve(ctx context.Context, s *server, page *http.Server, pageListener net.Listener, receive *http.Server, receiveListener net.Listener) error {
	failed := make(chan error, 2)
	go func() { failed <- page.Serve(pageListener) }()
	go func() { failed <- receive.Serve(receiveListener) }()
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	close(s.stopping)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return cmp.Or(err, errors.Join(page.Shutdown(ctx), receive.Shutdown(ctx)))
}
