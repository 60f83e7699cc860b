package embedded_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/jetstream"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"
)

// cluster is three servers on the loopback that know each other.
type cluster struct {
	t       *testing.T
	opts    []*server.Options
	servers []*server.Server
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	const size = 3
	ports := freePorts(t, 2*size)
	c := &cluster{t: t, servers: make([]*server.Server, size)}
	var routes []*url.URL
	for i := range size {
		routes = append(routes, &url.URL{Scheme: "nats", Host: fmt.Sprintf("127.0.0.1:%d", ports[i])})
	}
	for i := range size {
		c.opts = append(c.opts, &server.Options{
			ServerName: fmt.Sprintf("node-%d", i), Host: "127.0.0.1", Port: ports[size+i], NoSigs: true, NoLog: true,
			Cluster: server.ClusterOpts{Name: "three", Host: "127.0.0.1", Port: ports[i]}, Routes: routes,
			JetStream: true, StoreDir: t.TempDir(), SyncAlways: true,
		})
	}
	var all sync.WaitGroup
	for i := range size {
		all.Go(func() { c.start(i) })
	}
	all.Wait()
	t.Cleanup(func() {
		for i := range size {
			c.stop(i)
		}
	})
	if t.Failed() {
		t.FailNow()
	}
	return c
}

func (c *cluster) start(i int) {
	s, err := server.NewServer(c.opts[i].Clone())
	if err != nil {
		c.t.Error(err)
		return
	}
	c.servers[i] = s
	s.Start()
	if !s.ReadyForConnections(patience) {
		c.t.Errorf("node %d did not start", i)
	}
}

func (c *cluster) stop(i int) {
	if c.servers[i] != nil {
		c.servers[i].Shutdown()
		c.servers[i].WaitForShutdown()
	}
}

func (c *cluster) connect() *nats.Conn {
	c.t.Helper()
	var urls []string
	for _, o := range c.opts {
		urls = append(urls, fmt.Sprintf("nats://127.0.0.1:%d", o.Port))
	}
	nc, err := jetstream.Connect(strings.Join(urls, ","), nats.ReconnectWait(50*time.Millisecond),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {})) // connections break here all the time
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(nc.Close)
	return nc
}

// freePorts finds ports that nobody has right now.
func freePorts(t *testing.T, n int) []int {
	t.Helper()
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports
}

// whole waits until every stream has a leader and all replicas are up to date:
// until then, stopping the next node stops the majority.
func whole(t *testing.T, nc *nats.Conn, streams ...string) {
	t.Helper()
	js, err := natsjs.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the cluster is whole", func() bool {
		for _, name := range streams {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			s, err := js.Stream(ctx, name)
			cancel()
			if err != nil || s.CachedInfo().Cluster == nil || s.CachedInfo().Cluster.Leader == "" || len(s.CachedInfo().Cluster.Replicas) != 2 {
				return false
			}
			for _, r := range s.CachedInfo().Cluster.Replicas {
				if !r.Current || r.Offline {
					return false
				}
			}
		}
		return true
	})
}

// A cluster of three, of which each is stopped in turn: nothing that was
// acknowledged is lost, nothing is stored twice, and all callbacks complete.
func TestCluster(t *testing.T) {
	c := newCluster(t)
	nc := c.connect()
	s := newInbox(t, nc)
	eventually(t, "the cluster has a leader", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := s.Stats(ctx)
		return err == nil
	})
	streams := []string{"ATSHOOKS", "ATSHOOKS_DEAD"}
	whole(t, nc, streams...)
	h := newHandler(t, s, nil)

	var mu sync.Mutex
	runs := make(map[string]int)
	w, err := jetstream.NewWorker(t.Context(), s, &jetstream.WorkerOptions{AckWait: 2 * time.Second, Logger: silent}, dispatch(func(_ context.Context, d *event.Delivery) error {
		mu.Lock()
		defer mu.Unlock()
		runs[d.ID]++
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- w.Run(context.Background()) }()

	// Senders go on until all nodes have been stopped and are back.
	var next, acknowledged, rejected atomic.Int64
	rounds := make(chan bool)
	var senders sync.WaitGroup
	for range 4 {
		senders.Go(func() {
			for {
				id := fmt.Sprintf("event-%d", next.Add(1))
				for limit := time.Now().Add(patience); send(t, h, id, 0) != http.StatusOK; time.Sleep(20 * time.Millisecond) {
					rejected.Add(1)
					if time.Now().After(limit) {
						t.Errorf("%s was never acknowledged", id)
						return
					}
				}
				acknowledged.Add(1)
				select {
				case <-rounds:
					return
				case <-time.After(10 * time.Millisecond):
				}
			}
		})
	}
	more := func() {
		from := acknowledged.Load()
		eventually(t, "deliveries go on", func() bool { return acknowledged.Load() >= from+100 })
	}
	for i := range c.servers {
		more()
		c.stop(i)
		more() // with two nodes
		c.start(i)
		whole(t, nc, streams...)
	}
	more()
	close(rounds)
	senders.Wait()
	sent := int(acknowledged.Load())

	eventually(t, "all callbacks have completed", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(runs) == sent
	})
	for i := range sent {
		if got := send(t, h, fmt.Sprintf("event-%d", i+1), 0); got != http.StatusOK {
			t.Fatalf("sent again, event-%d is answered %d", i+1, got)
		}
	}
	js, err := natsjs.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), "ATSHOOKS")
	if err != nil {
		t.Fatal(err)
	}
	info := stream.CachedInfo()
	if info.Config.Replicas != 3 || int(info.State.Msgs) != sent {
		t.Errorf("%d replicas have %d deliveries, want 3 and %d: each once", info.Config.Replicas, info.State.Msgs, sent)
	}
	if err := w.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	twice := 0
	for _, n := range runs {
		if n > 1 {
			twice++
		}
	}
	t.Logf("%d events, each of three nodes stopped once, %d tries that were not acknowledged: 0 lost, 0 stored twice; %d callbacks ran more than once", sent, rejected.Load(), twice)
}
