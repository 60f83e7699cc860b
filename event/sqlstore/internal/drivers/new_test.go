package drivers

import (
	"strings"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event/sqlstore"
)

func TestStoresThatCouldNotWork(t *testing.T) {
	db := database{Dialect: sqlstore.SQLite, DSN: t.TempDir() + "/claims.db"}.open(t)
	for want, err := range map[string]error{
		"no database":     second(sqlstore.New(nil, sqlstore.SQLite, nil)),
		"Window":          second(sqlstore.New(db, sqlstore.SQLite, &sqlstore.Options{Window: -time.Hour})),
		`dialect "Mongo"`: second(sqlstore.New(db, "Mongo", nil)),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if got := sqlstore.Schema("Mongo"); got != "" {
		t.Errorf("a schema for an unknown dialect: %s", got)
	}
}

func second[T any](_ T, err error) error { return err }
