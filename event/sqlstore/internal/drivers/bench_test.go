package drivers

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event/sqlstore"
)

// BenchmarkDelivery prints the figures of the README: what claiming a delivery
// and committing it takes, together, with so many at once.
//
//	go test -run '^$' -bench Delivery -benchtime 3000x
func BenchmarkDelivery(b *testing.B) {
	eachDatabase(b, func(b *testing.B, d database) {
		for _, senders := range []int{1, 16, 64} {
			b.Run(fmt.Sprintf("senders=%d", senders), func(b *testing.B) {
				db, err := d.connect()
				if err != nil {
					b.Fatal(err)
				}
				defer db.Close()
				if d.Dialect != sqlstore.SQLite {
					db.SetMaxOpenConns(16)
					db.SetMaxIdleConns(16)
				}
				measure(b, db, d.Dialect, senders)
			})
		}
	})
}

func measure(b *testing.B, db *sql.DB, dialect sqlstore.Dialect, senders int) {
	s, err := sqlstore.New(db, dialect, nil)
	if err != nil {
		b.Fatal(err)
	}
	handle := func() error {
		key := make([]byte, 32)
		rand.Read(key)
		k := hex.EncodeToString(key)
		token, err := s.Claim(context.Background(), k, time.Minute)
		return errors.Join(err, s.Commit(context.Background(), k, token))
	}
	took := make([]time.Duration, b.N)
	var next atomic.Int64
	var group sync.WaitGroup
	b.ResetTimer()
	for range senders {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < b.N; i = int(next.Add(1)) - 1 {
				began := time.Now()
				if err := handle(); err != nil {
					b.Error(err)
					return
				}
				took[i] = time.Since(began)
			}
		})
	}
	group.Wait()
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(took[(b.N-1)*50/100].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[(b.N-1)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
}
