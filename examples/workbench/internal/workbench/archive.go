package workbench

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// archive keeps the latest deliveries in a folder, a file each. Only its owner
// may read them.
type archive struct {
	dir string

	mu    sync.Mutex
	names []string // the oldest first
}

// saved is what a file holds.
type saved struct {
	At     time.Time   `json:"at"`
	Method string      `json:"method"`
	URI    string      `json:"uri"`
	Header http.Header `json:"header"`
	Body   []byte      `json:"body"` // in base64
}

// load adds what was kept earlier, as much as fits.
func (a *archive) load(l *deliveries, s *secrets) error {
	if err := os.MkdirAll(a.dir, 0o700); err != nil {
		return fmt.Errorf("-save: %w", err)
	}
	names, err := filepath.Glob(filepath.Join(a.dir, "*.delivery.json"))
	if err != nil {
		return fmt.Errorf("-save: %w", err)
	}
	slices.Sort(names) // by time
	a.names = names
	for _, name := range names[max(0, len(names)-maxDeliveries):] {
		text, err := os.ReadFile(name)
		var f saved
		if err == nil {
			err = json.Unmarshal(text, &f)
		}
		if err != nil {
			return fmt.Errorf("-save: %s cannot be read; move it elsewhere", name) // the error may quote it
		}
		d := delivery{At: f.At, Method: f.Method, URI: f.URI, Header: f.Header, Body: f.Body}
		d.Provider, d.Endpoint = recognize(pathOf(f.URI), f.Header)
		_, d.summary = judge(&d, s.get(d.Provider))
		l.add(d)
	}
	return nil
}

func pathOf(uri string) string {
	r, err := http.NewRequest(http.MethodPost, uri, nil) //nolint:noctx // it is not sent
	if err != nil {
		return "/"
	}
	return r.URL.Path
}

// save writes a delivery, and removes the oldest file once there are too many.
func (a *archive) save(d delivery) error {
	if d.TooLarge {
		return nil
	}
	text, err := json.Marshal(saved{d.At, d.Method, d.URI, d.Header, d.Body})
	if err != nil {
		return err
	}
	name := filepath.Join(a.dir, fmt.Sprintf("%s-%06d.delivery.json", d.At.UTC().Format("20060102T150405.000000000"), d.ID))
	if err := os.WriteFile(name, text, 0o600); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.names = append(a.names, name)
	if len(a.names) <= maxDeliveries {
		return nil
	}
	oldest := a.names[0]
	a.names = a.names[1:]
	return os.Remove(oldest)
}
