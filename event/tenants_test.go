package event_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/atshooks/atshooks/event"
)

// TestAThousandTenantsBuildNoHashStates: each tenant's hash state is built at
// its first delivery, and still there at the next, however long ago that was.
func TestAThousandTenantsBuildNoHashStates(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools forget")
	}
	const tenants = 1000
	secrets := map[string][]string{}
	requests := make([]*event.Request, tenants)
	for i := range requests {
		name := fmt.Sprintf("tenant-%d", i)
		secrets[name] = []string{"key-" + name}
		requests[i] = &event.Request{Header: signed(t, acme, "key-"+name, hireBody).Header, Body: []byte(hireBody), Tenant: name}
	}
	h := byTenant(t, func(tenant string) []string { return secrets[tenant] })
	all := func() {
		for _, r := range requests {
			if resp := h.Handle(t.Context(), r); resp.Status != 200 {
				t.Fatalf("tenant %s: answered %d", r.Tenant, resp.Status)
			}
		}
	}
	all()
	runtime.GC()
	runtime.GC() // what pools keep is gone after two
	// The list of the tenant's verifiers is one object; a hash state is ten.
	if got := testing.AllocsPerRun(1, all) / tenants; got > 1.5 {
		t.Errorf("%.1f allocations a delivery, want one", got)
	}
}

// TestUnknownTenantsCannotFillMemory: whoever makes names up, as many and as
// long as HTTP allows, finds a bounded cache, and is not looked up each time.
func TestUnknownTenantsCannotFillMemory(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector keeps more")
	}
	asked := 0
	h := byTenant(t, func(string) []string { asked++; return nil })
	header := http.Header{"X-Acme-Signature": {strings.Repeat("0", 64)}}
	flood := func(name string) {
		r := &event.Request{Header: header, Body: []byte(hireBody), Tenant: name}
		if resp := h.Handle(t.Context(), r); resp.Status != 401 {
			t.Fatalf("answered %d", resp.Status)
		}
	}
	base := liveHeap()
	url := strings.Repeat("/padding", 8<<10)
	for i := range 12_000 {
		long := fmt.Sprintf("%d-%s", i, url)
		if i%3 == 0 {
			flood(long)
		} else {
			flood(long[:40]) // a piece of it that is short and keeps it all
		}
	}
	if got := liveHeap() - base; got > 4<<20 {
		t.Errorf("%d bytes are held after a flood of unknown tenants, want less than 4 MB", got)
	}
	asked = 0
	for range 10 {
		flood("again")
	}
	if asked != 1 {
		t.Errorf("an unknown tenant was looked up %d times at once", asked)
	}
	runtime.KeepAlive(h)
}

// byTenant is a handler of many tenants that logs nowhere.
func byTenant(t *testing.T, secrets func(tenant string) []string) *event.Handler {
	t.Helper()
	p := acme
	p.Types = []string{"hired"}
	h, err := event.NewHandler(p, "", &event.Options{
		Logger:  slog.New(slog.DiscardHandler),
		Secrets: func(_ context.Context, tenant string) ([]string, error) { return secrets(tenant), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}
