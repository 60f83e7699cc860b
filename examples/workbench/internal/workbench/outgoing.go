package workbench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/examples/internal/send"
	"github.com/atshooks/atshooks/internal/vendors"
)

// The bounds of what is sent and remembered of it.
const (
	maxRuns          = 10
	maxResponses     = 20 // of a run, the latest
	maxResponseShown = 4 << 10
	maxNumber        = 10_000
	maxRate          = 200 // a second
)

// draft is the form of what to send.
type draft struct {
	Provider string
	Event    string
	JSON     bool   // the payload is edited as JSON, and not as a form
	Payload  string // JSON
	Fields   []field
	Case     string // the near miss; "" is a good delivery
	URL      string
	Previous string
	Time     string // RFC 3339; "" is now
	Number   int
	Rate     int
	Problem  string // with what was entered
}

// newDraft is a good delivery of an event's fixture.
func newDraft(provider, event, target string) *draft {
	v := vendors.Lookup(provider)
	if v == nil {
		v = vendors.Lookup("kombo")
	}
	if !slices.Contains(v.Types(), event) {
		event = v.Types()[0]
	}
	f := &draft{Provider: v.Name(), Event: event, URL: target, Number: 1, Rate: 10}
	f.setPayload(v.Payload(v.Body(event)))
	return f
}

func (f *draft) vendor() *vendors.Vendor { return vendors.Lookup(f.Provider) }

// setPayload sets the payload, and the fields of the form if it fits them.
func (f *draft) setPayload(payload []byte) {
	f.Payload, f.Fields = string(payload), nil
	if indented, ok := indent(payload); ok {
		f.Payload = indented
	}
	p, err := f.decode()
	if err != nil {
		f.JSON = true
		return
	}
	f.Fields = fieldsOf(f.vendor(), p)
}

// decode returns the payload as its Go type.
func (f *draft) decode() (any, error) {
	callback, ok := f.vendor().Callback(f.Event)
	if !ok || callback.Payload.Kind() != reflect.Struct {
		return nil, errors.New("this event has no form")
	}
	p := reflect.New(callback.Payload).Interface()
	if err := json.Unmarshal([]byte(f.Payload), p); err != nil {
		return nil, errors.New("the payload does not fit its Go type, so it can be edited as JSON only")
	}
	return p, nil
}

// parseDraft reads the form, and does what its buttons ask for.
func parseDraft(r url.Values) *draft {
	f := newDraft(r.Get("provider"), r.Get("event"), strings.TrimSpace(r.Get("url")))
	if f.Provider != r.Get("provider") || f.Event != r.Get("event") {
		return f
	}
	f.Case, f.Previous, f.Time = r.Get("case"), r.Get("previous"), strings.TrimSpace(r.Get("time"))
	f.JSON = r.Get("as") == "json"
	f.Number, f.Rate = atoi(r.Get("number")), atoi(r.Get("rate"))
	switch do, path, _ := strings.Cut(r.Get("do"), ":"); {
	case do == "fixture":
	case f.JSON:
		f.Payload = r.Get("payload")
		if f.JSON = do != "form"; !f.JSON {
			f.setPayload([]byte(f.Payload))
		}
	default:
		f.Payload = r.Get("payload")
		if err := f.applyFields(r, do, path); err != nil {
			f.Problem = err.Error()
		}
		f.JSON = do == "json"
	}
	return f
}

func atoi(s string) int {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil {
		return -1
	}
	return n
}

// applyFields puts what was entered into the payload.
func (f *draft) applyFields(r url.Values, do, path string) error {
	p, err := f.decode()
	if err != nil {
		return err
	}
	for _, field := range fieldsOf(f.vendor(), p) {
		if values, ok := r["f:"+field.Path]; ok {
			text := strings.ReplaceAll(values[0], "\r\n", "\n")
			if text != field.Value {
				err = errors.Join(err, edit(p, field.Path, text))
			}
		}
	}
	switch do {
	case "add":
		err = errors.Join(err, grow(p, path))
	case "remove":
		err = errors.Join(err, shrink(p, path))
	}
	payload, encodeErr := json.Marshal(p)
	if encodeErr != nil {
		return fmt.Errorf("the payload cannot be encoded: %w", encodeErr)
	}
	f.setPayload(payload)
	return err
}

// caseOf is what is to be sent, and how a right receiver responds.
type caseOf struct {
	Name     string
	About    string
	Skip     string
	Statuses []int
	Times    int
	make     func(eventtest.Draft) (header http.Header, body []byte, err error)
}

// goodCase is the name of a delivery that nothing is wrong with.
const goodCase = "good"

// cases lists what can be sent.
func cases(v *vendors.Vendor) []caseOf {
	all := []caseOf{{
		Name: goodCase, About: "it is signed and complete: a right receiver takes it", Statuses: v.Success(), Times: 1,
		make: func(d eventtest.Draft) (http.Header, []byte, error) {
			r, err := v.Sign(d)
			if err != nil {
				return nil, nil, err
			}
			return r.Header, r.Body, nil
		},
	}}
	for _, m := range v.NearMisses() {
		all = append(all, caseOf{
			Name: m.Name, About: m.About, Skip: m.Skip, Statuses: m.Statuses, Times: max(m.Times, 1),
			make: func(d eventtest.Draft) (http.Header, []byte, error) {
				r, err := m.Make(d)
				if err != nil {
					return nil, nil, err
				}
				return r.Header, r.Body, nil
			},
		})
	}
	return all
}

// job is a draft that was found to be complete.
type job struct {
	what   caseOf
	draft  eventtest.Draft
	target string
	number int
	every  time.Duration
}

// prepare checks a draft. secret is what the receiver has.
func (f *draft) prepare(secret string, allowRemote bool) (job, error) {
	v := f.vendor()
	all := cases(v)
	i := slices.IndexFunc(all, func(c caseOf) bool { return c.Name == f.Case })
	j := job{target: f.URL, number: f.Number}
	var err error
	switch {
	case i < 0:
		return j, errors.New("choose what to send")
	case all[i].Skip != "":
		return j, fmt.Errorf("there is no such near miss: %s", all[i].Skip)
	case secret == "":
		return j, errors.New("enter the secret that the receiver verifies with")
	case f.Number < 1 || f.Number > maxNumber:
		return j, fmt.Errorf("the number is 1 to %d", maxNumber)
	case f.Rate < 1 || f.Rate > maxRate:
		return j, fmt.Errorf("the rate is 1 to %d a second", maxRate)
	}
	if err := send.CheckTarget(f.URL, allowRemote); err != nil {
		return j, err
	}
	j.what, j.every = all[i], time.Second/time.Duration(f.Rate)
	j.draft = eventtest.Draft{Type: f.Event, Secret: secret, Previous: f.Previous}
	if f.Time != "" {
		if j.draft.Time, err = time.Parse(time.RFC3339, f.Time); err != nil {
			return j, errors.New("the time is not like 2026-11-21T13:04:05Z")
		}
	}
	if !json.Valid([]byte(f.Payload)) {
		return j, errors.New("the payload is not JSON")
	}
	if j.draft.Body, err = v.BodyWith(f.Event, json.RawMessage(f.Payload)); err != nil {
		return j, err
	}
	_, _, err = j.what.make(j.draft)
	return j, err
}

// run is one sending.
type run struct {
	ID       int64
	Provider string
	Event    string
	URL      string
	Case     caseOf
	Total    int
	Started  time.Time

	Sent   int // cases, each of Case.Times requests
	Wrong  int // that a right receiver responds to in another way
	Latest []outcome
	Done   bool
	Failed string // why it ended early

	stop context.CancelFunc
}

// outcome is one response beside the right one.
type outcome struct {
	Number   int
	Response send.Response
	Right    bool
}

// runs are the latest sendings.
type runs struct {
	mu      sync.Mutex
	list    []*run // the latest first
	last    int64
	rev     int64
	changed chan struct{}
	going   sync.WaitGroup
}

func newRuns() *runs { return &runs{changed: make(chan struct{})} }

func (rs *runs) touch() {
	rs.rev++
	close(rs.changed)
	rs.changed = make(chan struct{})
}

func (rs *runs) revision() int64 { rev, _ := rs.changes(); return rev }

func (rs *runs) changes() (int64, <-chan struct{}) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	return rs.rev, rs.changed
}

// all returns copies of the runs, the latest first.
func (rs *runs) all() []run {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	all := make([]run, len(rs.list))
	for i, r := range rs.list {
		all[i] = *r
		all[i].Latest = slices.Clone(r.Latest)
	}
	return all
}

var errTooManyRuns = errors.New("too much is being sent already: stop one, or wait")

// start sends in the background, until all is sent or the context ends.
func (rs *runs) start(ctx context.Context, f *draft, j job, client *http.Client) error {
	ctx, cancel := context.WithCancel(ctx)
	r := &run{Provider: f.Provider, Event: f.Event, URL: j.target, Case: j.what, Total: j.number, Started: time.Now(), stop: cancel}
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if len(rs.list) == maxRuns {
		if !rs.list[maxRuns-1].Done {
			cancel()
			return errTooManyRuns
		}
		rs.list = rs.list[:maxRuns-1]
	}
	rs.last++
	r.ID = rs.last
	rs.list = slices.Insert(rs.list, 0, r)
	rs.touch()
	rs.going.Go(func() {
		defer cancel()
		err := j.run(ctx, client, func(o outcome) { rs.add(r, o) })
		rs.finish(r, err)
	})
	return nil
}

func (rs *runs) add(r *run, o outcome) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	r.Sent++
	if !o.Right {
		r.Wrong++
	}
	r.Latest = slices.Insert(r.Latest, 0, o)
	r.Latest = r.Latest[:min(len(r.Latest), maxResponses)]
	rs.touch()
}

func (rs *runs) finish(r *run, err error) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if r.Done = true; err != nil {
		r.Failed = err.Error()
	}
	rs.touch()
}

// stop ends a run.
func (rs *runs) stop(id int64) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	for _, r := range rs.list {
		if r.ID == id {
			r.stop()
		}
	}
}

// run sends one after the other. Each is signed anew, as a vendor's retries may
// be.
func (j *job) run(ctx context.Context, client *http.Client, done func(outcome)) error {
	tick := time.NewTicker(j.every)
	defer tick.Stop()
	for n := 1; ; n++ {
		header, body, err := j.what.make(j.draft)
		if err != nil {
			return err
		}
		var r send.Response
		for range j.what.Times {
			r = send.Post(ctx, client, j.target, header, body)
		}
		if ctx.Err() != nil {
			return errors.New("stopped")
		}
		if len(r.Body) > maxResponseShown {
			r.Body = slices.Clone(r.Body[:maxResponseShown])
		}
		done(outcome{n, r, slices.Contains(j.what.Statuses, r.Code)})
		if n == j.number {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.New("stopped")
		}
	}
}
