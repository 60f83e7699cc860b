package event_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"

	"github.com/atshooks/atshooks/event"
)

// TestMemoryOfManyBodies: while the callbacks of many large deliveries run,
// what is held is little more than their bodies. Which buffers a body grew
// through, and how many, must not show.
func TestMemoryOfManyBodies(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector keeps more")
	}
	const atATime, size = 64, 1<<20 - 1<<10
	body := `{"id":"ev","type":"hired","data":{"id":"c-1","rest":"` + strings.Repeat("x", size) + `"}}`
	for _, declared := range []int64{int64(len(body)), -1} {
		t.Run(fmt.Sprintf("declared as %d bytes", declared), func(t *testing.T) {
			h := quiet(t, event.Options{MaxBody: 2 << 20})
			inside, release := make(chan struct{}), make(chan struct{})
			event.On(h, "hired", func(ctx context.Context, v *hire) error {
				inside <- struct{}{}
				<-release
				if d, _ := event.FromContext(ctx); len(d.Body) != len(body) {
					t.Errorf("the body has %d bytes", len(d.Body))
				}
				runtime.KeepAlive(v)
				return nil
			})
			header := signed(t, acme, secret, body).Header
			base := liveHeap()
			var wg sync.WaitGroup
			for range atATime {
				wg.Go(func() {
					r := httptest.NewRequest(http.MethodPost, "/", io.NopCloser(strings.NewReader(body)))
					r.Header, r.ContentLength = header, declared
					h.ServeHTTP(&nowhere{header: http.Header{}}, r)
				})
			}
			for range atATime {
				<-inside
			}
			held := float64(liveHeap()-base) / float64(atATime*len(body))
			close(release)
			wg.Wait()
			if held < 1 || held > 2 {
				t.Errorf("%d deliveries of %d bytes hold %.2f times their size, want between 1 and 2", atATime, len(body), held)
			}
		})
	}
}

// liveHeap is the heap after a collection, pools emptied.
func liveHeap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestReadingAllocates: the buffers that a body grows through are garbage, and
// little of it.
func TestReadingAllocates(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	h := quiet(t, event.Options{MaxBody: 8 << 20})
	for _, tt := range []struct {
		size int
		most float64
	}{{700, 2}, {4 << 10, 1.3}, {32 << 10, 1.3}, {100 << 10, 2}, {1<<20 + 18, 1.9}, {8 << 20, 2.2}} {
		body := `{"type":"hired","data":"` + strings.Repeat("x", tt.size-30) + `"}`
		header := signed(t, acme, secret, body).Header
		reader := strings.NewReader(body)
		r := httptest.NewRequest(http.MethodPost, "/", io.NopCloser(reader))
		r.Header, r.ContentLength = header, int64(len(body))
		w := &nowhere{header: http.Header{}}
		var before, after runtime.MemStats
		const runs = 10
		for i := range runs + 1 {
			if i == 1 {
				runtime.ReadMemStats(&before)
			}
			reader.Reset(body)
			h.ServeHTTP(w, r)
		}
		runtime.ReadMemStats(&after)
		if got := float64(after.TotalAlloc-before.TotalAlloc) / runs / float64(len(body)); got > tt.most || w.status != 200 {
			t.Errorf("a body of %d bytes: allocated %.2f times as much, want at most %.2f; answered %d", len(body), got, tt.most, w.status)
		}
	}
}

// TestHeaderOnlyRequest: a sender that declares a megabyte, with a signature
// that could be one, and then sends nothing, makes the server allocate less
// than 8 KB: that is net/http's, and the first small buffer.
func TestHeaderOnlyRequest(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	h := quiet(t, event.Options{})
	reading := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = &announced{r.Body, reading}
		h.ServeHTTP(w, r)
	}))
	defer s.Close()
	head := "POST / HTTP/1.1\r\nHost: example.com\r\nX-Acme-Signature: " + strings.Repeat("0", 64) + "\r\nContent-Length: %d\r\n\r\n"
	attack := fmt.Appendf(nil, head, 1<<20)
	defer debug.SetGCPercent(debug.SetGCPercent(-1))

	const attempts = 20
	var allocated uint64
	for range attempts {
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		// A first request on the connection, so that what that costs is not counted.
		if _, err := fmt.Fprintf(conn, head, 2); err != nil {
			t.Fatal(err)
		}
		<-reading
		if _, err := conn.Write([]byte("{}")); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(conn).ReadString('\n'); !strings.Contains(line, "401") {
			t.Fatalf("answered %q, %v", line, err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := conn.Write(attack); err != nil {
			t.Fatal(err)
		}
		<-reading
		runtime.Gosched()
		runtime.ReadMemStats(&after)
		allocated += after.TotalAlloc - before.TotalAlloc
		conn.Close()
	}
	if got := allocated / attempts; got >= 8<<10 {
		t.Errorf("%d bytes a request, want less than 8 KB", got)
	} else {
		t.Logf("%d bytes a request", got)
	}
}

// announced says when it is about to be read for the first time.
type announced struct {
	io.ReadCloser
	reading chan<- struct{}
}

func (a *announced) Read(p []byte) (int, error) {
	if a.reading != nil {
		a.reading <- struct{}{}
		a.reading = nil
	}
	return a.ReadCloser.Read(p)
}
