package workbench

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/atshooks/atshooks/examples/internal/show"
)

// The pace of server-sent events: a flood of deliveries becomes few events, and
// a silent connection is kept open.
const (
	streamPause = 200 * time.Millisecond
	streamPing  = 20 * time.Second
	maxStreams  = 16
)

// row is a delivery in the list. The script has the same names.
type row struct {
	ID       int64  `json:"id"`
	At       string `json:"at"`
	Time     string `json:"time"`
	Provider string `json:"provider"`
	Type     string `json:"type"`
	Size     string `json:"size"`
	Class    string `json:"class"`
	Verdict  string `json:"verdict"`
}

func rowOf(d *delivery) row {
	verdict := d.Verdict.Text
	if d.DuplicateOf > 0 {
		verdict = fmt.Sprintf("duplicate of %d", d.DuplicateOf)
	}
	return row{
		ID:       d.ID,
		At:       d.At.Format(time.RFC3339),
		Time:     d.At.Format("15:04:05"),
		Provider: orDash(d.Provider),
		Type:     orDash(short(d.Type)),
		Size:     sizeText(len(d.Body)),
		Class:    d.Verdict.Class,
		Verdict:  verdict,
	}
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// short is text of a sender's, fit for one line.
func short(s string) string {
	text, cut := show.Cut([]byte(s), 80)
	if cut {
		text += "…"
	}
	return show.Printable(text)
}

func sizeText(n int) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1_000_000:
		return fmt.Sprintf("%.1f kB", float64(n)/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

// stream tells the page what has changed, as it happens.
func (s *server) stream(w http.ResponseWriter, r *http.Request) {
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		http.Error(w, "Too many pages are open.", http.StatusServiceUnavailable)
		return
	}
	rev, _ := strconv.ParseInt(r.FormValue("rev"), 10, 64)
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		rev, _ = strconv.ParseInt(last, 10, 64)
	}
	runs := s.runs.revision()
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	ping := time.NewTicker(streamPing)
	defer ping.Stop()
	for {
		changed, now, oldest, next := s.deliveries.since(rev)
		reset := now < rev // the page is older than this process
		if reset {
			changed, now, oldest, next = s.deliveries.since(0)
		}
		runsNow, nextRun := s.runs.changes()
		_ = out.SetWriteDeadline(time.Now().Add(streamPing))
		_, err := fmt.Fprint(w, ":\n\n")
		if now != rev || reset {
			err = writeRows(w, changed, now, oldest, reset)
		}
		if runsNow != runs && err == nil {
			_, err = fmt.Fprint(w, "event: runs\ndata: {}\n\n")
			runs = runsNow
		}
		if rev = now; err != nil || out.Flush() != nil {
			return
		}
		if !pause(r, s.stopping, streamPause) {
			return
		}
		select {
		case <-next:
		case <-nextRun:
		case <-ping.C:
		case <-r.Context().Done():
			return
		case <-s.stopping:
			return
		}
	}
}

func pause(r *http.Request, stopping <-chan struct{}, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-r.Context().Done():
	case <-stopping:
	}
	return false
}

func writeRows(w http.ResponseWriter, changed []delivery, rev, oldest int64, reset bool) error {
	data := struct {
		Rows   []row `json:"rows"`
		Oldest int64 `json:"oldest"`
		Reset  bool  `json:"reset"`
	}{make([]row, len(changed)), oldest, reset}
	for i := range changed {
		data.Rows[i] = rowOf(&changed[i])
	}
	text, err := json.Marshal(data) // escapes line ends
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "id: %d\nevent: deliveries\ndata: %s\n\n", rev, text)
	return err
}
