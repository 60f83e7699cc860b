package drivers

import (
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/event/sqlstore"
)

// TestConformance runs what any store must do, by the database's own clock.
func TestConformance(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, d database) {
		eventtest.Store(t, func(_ testing.TB, window time.Duration) eventtest.StoreSetup {
			return eventtest.StoreSetup{Open: func() event.Store {
				s, err := sqlstore.New(d.open(t), d.Dialect, &sqlstore.Options{Window: window})
				if err != nil {
					t.Fatal(err)
				}
				return s
			}}
		})
	})
}
