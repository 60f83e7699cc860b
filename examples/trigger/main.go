// The program trigger plays a vendor: it sends signed deliveries to a receiver.
//
//	go run ./examples/trigger -list
//	go run ./examples/trigger -provider kit -event offer.accepted -secret … -url http://localhost:8080/hooks/kit
//	go run ./examples/trigger … -set data.candidate.email=x@example.com
//	go run ./examples/trigger … -near-miss stale
//	go run ./examples/trigger … -n 100 -c 8
//
// It sends to loopback addresses only, unless -allow-remote says otherwise.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"strings"

	"github.com/atshooks/atshooks/examples/internal/send"
	"github.com/atshooks/atshooks/internal/vendors"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	switch err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		log.Fatal(err)
	}
}

// command is what the flags say.
type command struct {
	provider    string
	event       string
	secret      string
	previous    string
	url         string
	file        string
	nearMiss    string
	set         settings
	spelling    spelling
	count       int
	concurrency int
	list        bool
	allowRemote bool
}

func parse(args []string, stderr io.Writer) (command, error) {
	var c command
	f := flag.NewFlagSet("trigger", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.BoolVar(&c.list, "list", false, "list all providers, events and near misses, and send nothing")
	f.StringVar(&c.provider, "provider", "", "the vendor to play: "+strings.Join(vendors.Names(), ", "))
	f.StringVar(&c.event, "event", "", "the event's type")
	f.StringVar(&c.secret, "secret", os.Getenv("ATSHOOKS_SECRET"), "the secret that the receiver has; $ATSHOOKS_SECRET if not given")
	f.StringVar(&c.previous, "previous", "", "an older secret that the receiver still accepts, for the near miss that uses it")
	f.StringVar(&c.url, "url", "", "the receiver")
	f.StringVar(&c.file, "file", "", "a file with the body, in place of the event's fixture")
	f.Var(&c.set, "set", "change a member of the body: path=value, where the value is JSON or else text; may be given again")
	f.StringVar(&c.nearMiss, "near-miss", "", "send a delivery that is almost right; -list names them")
	f.StringVar(&c.spelling.header, "header", "", "send the signature in this header, for a vendor that does not publish it")
	f.StringVar(&c.spelling.prefix, "prefix", "", "put this before the signature, likewise")
	f.StringVar(&c.spelling.encoding, "encoding", "", "encode the signature so: hex, base64, base64url, rawbase64 or paddedbase64url, likewise")
	f.IntVar(&c.count, "n", 1, "how many to send")
	f.IntVar(&c.concurrency, "c", 1, "how many at once")
	f.BoolVar(&c.allowRemote, "allow-remote", false, "send to other machines too")
	if err := f.Parse(args); err != nil {
		return c, err
	}
	switch {
	case f.NArg() > 0:
		return c, fmt.Errorf("what is %q? Flags start with a dash", f.Arg(0))
	case c.list:
		return c, nil
	case c.provider == "" || c.url == "":
		return c, errors.New("-provider and -url are needed; see -list and -h")
	case c.secret == "":
		return c, errors.New("-secret is needed: the one that the receiver has")
	case c.count < 1 || c.count > 1_000_000 || c.concurrency < 1 || c.concurrency > 1000:
		return c, errors.New("-n is 1 to 1000000 and -c 1 to 1000")
	}
	return c, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	c, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if c.list {
		return list(stdout)
	}
	if err := send.CheckTarget(c.url, c.allowRemote); err != nil {
		return err
	}
	v := vendors.Lookup(c.provider)
	if v == nil {
		return fmt.Errorf("no provider %q; see -list", c.provider)
	}
	next, err := c.prepare(v.Vendor)
	if err != nil {
		return err
	}
	if c.nearMiss != "" {
		return c.sendNearMiss(ctx, v.Vendor, stdout, stderr)
	}
	t, err := sendAll(ctx, c, next, stdout, stderr)
	if err == nil && t.failed > 0 {
		err = fmt.Errorf("%d of %d deliveries were not accepted", t.failed, c.count)
	}
	return err
}
