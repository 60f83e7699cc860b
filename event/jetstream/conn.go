package jetstream

import (
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

// Connect connects to a NATS server or cluster in the way that an inbox needs. It
// tries to reconnect for ever, even if no server is there at first, and notices
// within 8 seconds that a server has vanished without a word. servers are URLs
// separated by commas. opts are applied last, for credentials and TLS for
// example.
func Connect(servers string, opts ...nats.Option) (*nats.Conn, error) {
	return nats.Connect(servers, append([]nats.Option{
		nats.Name("atshooks"),
		nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(500 * time.Millisecond),
		nats.PingInterval(2 * time.Second),
		nats.MaxPingsOutstanding(2),
		nats.FlusherTimeout(2 * time.Second),
		nats.ReconnectOnFlusherError(),
	}, opts...)...)
}

// longestSilence is how long a server may be gone before the connection must
// have noticed.
const longestSilence = 15 * time.Second

// checkConn rejects a connection that would be lost for good, or that a server
// that vanished would block for minutes.
func checkConn(nc *nats.Conn) error {
	if nc == nil {
		return errors.New("no connection was given")
	}
	o := &nc.Opts
	switch noticed := o.PingInterval * time.Duration(o.MaxPingsOut+1); {
	case !o.AllowReconnect || o.MaxReconnect >= 0:
		return errors.New("the connection gives up after some tries to reconnect, and then nothing could be stored until the process restarts: make it with jetstream.Connect, or set nats.MaxReconnects(-1)")
	case o.PingInterval <= 0 || noticed > longestSilence:
		return fmt.Errorf("the connection takes %v to notice that its server has vanished, and until then nothing is stored: make it with jetstream.Connect, or set nats.PingInterval(2*time.Second)", noticed)
	case o.FlusherTimeout <= 0 || o.FlusherTimeout > longestSilence:
		return fmt.Errorf("the connection may be blocked for %v by a server that has vanished: make it with jetstream.Connect, or set nats.FlusherTimeout(2*time.Second)", o.FlusherTimeout)
	}
	return nil
}
