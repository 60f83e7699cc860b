package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/internal/benchmark/alternate"
	"github.com/atshooks/atshooks/internal/benchmark/workload"
)

// connections is how many senders there are at once, each keeping its
// connection alive.
const connections = 4

// loopback is the cost end to end, net/http and the kernel included.
func (b *bench) loopback() {
	t := &alternate.Table{
		Title:  fmt.Sprintf("End to end over loopback, %d connections kept alive, sender in the same process (Kombo)", connections),
		Header: []string{"", "handler ÷ drain", "by hand ÷ drain", "handler ÷ by hand", "no callback ÷ drain", "what handler adds to drain ÷ floor"},
	}
	for _, size := range b.sizes() {
		l := b.load(workload.Kombo, size)
		wire := onTheWire(l)
		var closers []io.Closer
		serve := func(name string, h http.Handler) alternate.Candidate {
			c, closer := overLoopback(name, h, wire)
			closers = append(closers, closer)
			return c
		}
		floors := [connections]func(int){}
		for i := range floors {
			floors[i] = l.Floor()
		}
		s := b.follow(alternate.Plan{Batch: max(2*connections, 4*size.Batch), Wall: true},
			alternate.Candidate{Name: "floor", Run: func(first, n int) {
				atOnce(n, func(worker, i int) { floors[worker](first + i) })
			}},
			serve("drain", http.HandlerFunc(drain)),
			serve("handler", l.Mount(l.Handler(event.Options{}))),
			serve("unhandled", l.Mount(l.Unhandled(event.Options{}))),
			serve("by hand", l.ByHand()),
		)
		for _, c := range closers {
			c.Close()
		}
		adds := (s.Nanoseconds("handler") - s.Nanoseconds("drain")) / s.Nanoseconds("floor")
		t.Row(size.Name, s.Ratio("handler", "drain").String(), s.Ratio("by hand", "drain").String(), s.Ratio("handler", "by hand").String(),
			s.Ratio("unhandled", "drain").String(), fmt.Sprintf("%.2f", adds))
	}
	b.print(t)
}

// drain is the least that a handler can do: read the body and answer.
func drain(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.WriteHeader(http.StatusOK)
}

// onTheWire is the requests of a load as they are sent.
func onTheWire(l *workload.Load) [][]byte {
	var wire [][]byte
	for _, q := range l.Requests {
		var b bytes.Buffer
		b.WriteString("POST /hooks HTTP/1.1\r\nHost: example.com\r\n")
		_ = q.Header.Write(&b)
		b.WriteString("\r\n")
		b.Write(q.Body)
		wire = append(wire, b.Bytes())
	}
	return wire
}

// overLoopback serves h and returns what sends it requests.
func overLoopback(name string, h http.Handler, wire [][]byte) (alternate.Candidate, io.Closer) {
	server := httptest.NewServer(h)
	var senders [connections]*sender
	for i := range senders {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			panic(err)
		}
		senders[i] = &sender{conn, bufio.NewReader(conn)}
	}
	run := func(first, n int) {
		atOnce(n, func(worker, i int) { senders[worker].send(wire[(first+i)%len(wire)]) })
	}
	return alternate.Candidate{Name: name, Run: run}, closer(func() {
		for _, s := range senders {
			s.conn.Close()
		}
		server.Close()
	})
}

type closer func()

func (c closer) Close() error { c(); return nil }

// atOnce does the work i of n in several goroutines.
func atOnce(n int, work func(worker, i int)) {
	var wg sync.WaitGroup
	for worker := range connections {
		wg.Go(func() {
			for i := worker; i < n; i += connections {
				work(worker, i)
			}
		})
	}
	wg.Wait()
}

// sender is one connection. It knows no more of HTTP than it has to.
type sender struct {
	conn   net.Conn
	answer *bufio.Reader
}

func (s *sender) send(request []byte) {
	if _, err := s.conn.Write(request); err != nil {
		panic(err)
	}
	for first := true; ; first = false {
		line, err := s.answer.ReadSlice('\n')
		switch {
		case err != nil:
			panic(err)
		case first && !strings.HasPrefix(string(line), "HTTP/1.1 200 "):
			panic("answered " + string(line))
		case len(line) == 2: // none of these answers has a body
			return
		}
	}
}
