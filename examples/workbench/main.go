// The program workbench shows webhook deliveries as they arrive, and sends some,
// on a page in the browser.
//
//	go run ./examples/workbench
//
// The page is on http://127.0.0.1:8082. Deliveries are received on another
// address, by default 127.0.0.1:8081: let a tunnel bring a vendor's deliveries
// there. Nobody can reach the page through it.
//
// The page shows personal data, so it is for this machine only. Everything is in
// memory and gone at the end, unless -save names a folder.
//
// The programs inspect and trigger do the same in a terminal. The program stores,
// in a folder below this one, is the workbench with the flag -store, which shows
// the dead letters of an inbox: it links the engines, and is a module of its own.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"os"
	"os/signal"

	"github.com/atshooks/atshooks/examples/workbench/internal/workbench"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	switch err := workbench.Run(ctx, os.Args[1:], nil, os.Stdout, os.Stderr); {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		log.Fatal(err)
	}
}
