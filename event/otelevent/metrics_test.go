package otelevent_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
	"github.com/atshooks/atshooks/event/otelevent"
)

const (
	requestLabels = "atshooks.event.type=hired,atshooks.handler=acme,atshooks.kind=stored,atshooks.provider=acme,atshooks.stage=request,http.response.status_code=200"
	workerLabels  = "atshooks.event.type=hired,atshooks.handler=acme,atshooks.kind=failed,atshooks.provider=acme,atshooks.stage=worker,error.type=failed"
)

// phaseOf are labels with a phase in its place.
func phaseOf(phase string) string {
	return strings.Replace(requestLabels, "atshooks.provider", "atshooks.phase="+phase+",atshooks.provider", 1)
}

func TestMetricsOfADelivery(t *testing.T) {
	var m memory
	c := collect(otelevent.Options{})
	h := c.handler(t, acme, event.Options{Inbox: &m})
	event.On(h, "hired", func(context.Context, *hire) error { return errors.New(canary) })
	post(t, h, `{"type":"hired","data":{}}`)
	if err := m.work(t.Context(), t, h); err == nil {
		t.Fatal("the callback did not fail")
	}

	metrics := c.metrics(t)
	for name, want := range map[string]struct {
		unit  string
		lines []string
	}{
		"atshooks.deliveries":         {"{delivery}", []string{workerLabels + " 1", requestLabels + " 1"}},
		"atshooks.delivery.duration":  {"s", []string{workerLabels + " 1", requestLabels + " 1"}},
		"atshooks.delivery.body.size": {"By", []string{workerLabels + " 1", requestLabels + " 1"}},
		"atshooks.delivery.age":       {"s", []string{workerLabels + " 1"}},
		"atshooks.delivery.phase.duration": {"s", []string{
			phaseOf("read") + " 1", phaseOf("storage") + " 1", phaseOf("verify") + " 1",
		}},
		"messaging.process.duration": {"s", []string{
			workerLabels + ",messaging.destination.name=acme,messaging.operation.name=process,messaging.system=atshooks 1",
		}},
	} {
		m := metrics[name]
		if got := lines(m); m.Unit != want.unit || !slices.Equal(got, slices.Sorted(slices.Values(want.lines))) {
			t.Errorf("%s in %q:\n%s\nwant %q:\n%s", name, m.Unit, strings.Join(got, "\n"), want.unit, strings.Join(want.lines, "\n"))
		}
		delete(metrics, name)
	}
	if len(metrics) > 0 {
		t.Errorf("further metrics: %v", metrics)
	}
}

// Durations are in seconds, and sizes in bytes.
func TestMeasures(t *testing.T) {
	c := collect(otelevent.Options{})
	opts := otelevent.Instrument(nil, c.opts)
	opts.Observe(t.Context(), event.Result{
		Handler: "acme", Stage: event.StageWorker, Duration: 3 * time.Second, BodySize: 700, Age: time.Hour,
		Phases: event.Phases{Read: 20 * time.Millisecond, Callback: 2 * time.Second},
	})
	opts.Observe(t.Context(), event.Result{Handler: "early", Stage: event.StageWorker, Age: -time.Hour})
	for name, want := range map[string]float64{
		"atshooks.delivery.duration": 3, "atshooks.delivery.age": 3600,
		"atshooks.delivery.phase.duration": .02, "messaging.process.duration": 2,
	} {
		sum := 0.0
		for _, p := range c.metrics(t)[name].Data.(metricdata.Histogram[float64]).DataPoints {
			sum += p.Sum
		}
		if sum != want {
			t.Errorf("%s is %v, want %v", name, sum, want)
		}
	}
	if p := c.metrics(t)["atshooks.delivery.body.size"].Data.(metricdata.Histogram[int64]).DataPoints; len(p) != 1 || p[0].Sum != 700 {
		t.Errorf("body sizes: %+v", p)
	}
}

// Whatever is sent, a label has few values.
func TestLabelsAreBounded(t *testing.T) {
	c := collect(otelevent.Options{MaxTenants: 3})
	secrets := func(_ context.Context, tenant string) ([]string, error) {
		if strings.HasPrefix(tenant, "stranger") {
			return nil, nil
		}
		return []string{secret}, nil
	}
	h := c.handler(t, acme, event.Options{Secrets: secrets})
	event.On(h, "mine", func(context.Context, *hire) error { return nil })
	for i := range 20 {
		stranger := func(r *event.Request) {
			r.Tenant = fmt.Sprint("stranger-", i)
			r.Header = http.Header{"X-Acme-Signature": {fmt.Sprint(i)}}
		}
		send(t.Context(), t, h, "hired", stranger)
	}
	for i := range 20 {
		tenant := from(fmt.Sprint("tenant-", i))
		for _, typ := range []string{"hired", "HIRED", "Left", "mine", "MINE", fmt.Sprint("type-", i)} {
			send(t.Context(), t, h, typ, tenant)
		}
	}
	for i := range 3 {
		send(t.Context(), t, h, "hired", from(fmt.Sprint("tenant-", i)))
	}

	values := make(map[string]map[string]bool)
	for name, m := range c.metrics(t) {
		for set := range points(m) {
			for _, a := range set.ToSlice() {
				key := string(a.Key)
				if values[key] == nil {
					values[key] = make(map[string]bool)
				}
				values[key][a.Value.String()] = true
				if len(set.ToSlice()) > 12 {
					t.Errorf("%s has the labels %v", name, set.ToSlice())
				}
			}
		}
	}
	for key, want := range map[string][]string{
		"atshooks.handler":          {"acme"},
		"atshooks.provider":         {"acme"},
		"atshooks.event.type":       {"_OTHER", "hired", "left", "mine"},
		"atshooks.tenant":           {"_OTHER", "tenant-0", "tenant-1", "tenant-2"},
		"atshooks.kind":             {"handled", "unhandled", "unverified"},
		"atshooks.stage":            {"request"},
		"atshooks.phase":            {"verify"},
		"error.type":                {"unverified"},
		"http.response.status_code": {"200", "401"},
	} {
		var got []string
		for v := range values[key] {
			got = append(got, v)
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%s has the values %q, want %q", key, got, want)
		}
		delete(values, key)
	}
	for key := range values {
		if !strings.HasPrefix(key, "messaging.") {
			t.Errorf("%s is a further label", key)
		}
	}
}

func TestTenantsAreOffByDefault(t *testing.T) {
	c := collect(otelevent.Options{})
	h := c.handler(t, acme, event.Options{Secrets: func(context.Context, string) ([]string, error) { return []string{secret}, nil }})
	event.On(h, "hired", func(context.Context, *hire) error { return nil })
	send(t.Context(), t, h, "hired", from("tenant-1"))
	if all := c.everything(t); strings.Contains(all, "tenant") || !strings.Contains(all, "hired") {
		t.Errorf("the tenant was reported, or nothing: %s", all)
	}
}

var snapshot = inbox.Stats{
	Handlers: map[string]inbox.Counts{
		"acme":  {Waiting: 1, Running: 2, Retrying: 3, Dead: 4, Oldest: time.Now().Add(-time.Hour - time.Millisecond)},
		"other": {Dead: 5},
	},
	Abandoned: 6, Bytes: 7, MaxBytes: 8, Damaged: 9,
}

func TestInbox(t *testing.T) {
	c := collect(otelevent.Options{})
	stats := func(context.Context) (*inbox.Stats, error) { return &snapshot, nil }
	registered, err := otelevent.ObserveInbox(stats, c.opts, attribute.String("inbox", "eu"))
	if err != nil {
		t.Fatal(err)
	}
	got := c.metrics(t)
	oldest := points(got["atshooks.inbox.oldest.age"])
	delete(got, "atshooks.inbox.oldest.age")
	for set, age := range oldest {
		name, _ := set.Value("atshooks.handler")
		if want := map[string]int64{"acme": 3600}[name.AsString()]; age < want || age > want+60 {
			t.Errorf("the oldest delivery of %s is %d s old, want %d", name.AsString(), age, want)
		}
	}
	state := func(handler, state string, n int) string {
		return fmt.Sprintf("atshooks.handler=%s,atshooks.inbox.state=%s,inbox=eu %d", handler, state, n)
	}
	want := map[string][]string{
		"atshooks.inbox.deliveries": {
			state("acme", "dead", 4), state("acme", "retrying", 3), state("acme", "running", 2), state("acme", "waiting", 1),
			state("other", "dead", 5), state("other", "retrying", 0), state("other", "running", 0), state("other", "waiting", 0),
		},
		"atshooks.inbox.usage":     {"inbox=eu 7"},
		"atshooks.inbox.limit":     {"inbox=eu 8"},
		"atshooks.inbox.abandoned": {"inbox=eu 6"},
		"atshooks.inbox.damaged":   {"inbox=eu 9"},
	}
	for name, m := range got {
		if !slices.Equal(lines(m), want[name]) {
			t.Errorf("%s: %q, want %q", name, lines(m), want[name])
		}
	}
	if len(got) != len(want) || len(oldest) != 2 {
		t.Errorf("%d metrics and %d ages, want %d and 2", len(got), len(oldest), len(want))
	}
	if err := registered.Unregister(); err != nil || len(c.metrics(t)) != 0 {
		t.Errorf("after Unregister: %v, %d metrics", err, len(c.metrics(t)))
	}
}

func TestInboxThatDoesNotAnswer(t *testing.T) {
	c := collect(otelevent.Options{})
	down := errors.New("the engine does not answer")
	_, err := otelevent.ObserveInbox(func(context.Context) (*inbox.Stats, error) { return nil, down }, c.opts)
	if err != nil {
		t.Fatal(err)
	}
	var handled error
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { handled = err }))
	var all metricdata.ResourceMetrics
	err = c.reader.Collect(t.Context(), &all)
	if !errors.Is(errors.Join(err, handled), down) || len(all.ScopeMetrics) != 0 {
		t.Errorf("collecting: %v, %v, %+v", err, handled, all.ScopeMetrics)
	}
}

// The README has every metric, and no other.
func TestReadmeNamesTheMetrics(t *testing.T) {
	c := collect(otelevent.Options{})
	if _, err := otelevent.ObserveInbox(func(context.Context) (*inbox.Stats, error) { return &snapshot, nil }, c.opts); err != nil {
		t.Fatal(err)
	}
	otelevent.Instrument(nil, c.opts).Observe(t.Context(), event.Result{
		Stage: event.StageWorker, BodySize: 1, Phases: event.Phases{Read: 1, Callback: 1},
	})
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for line := range strings.Lines(string(readme)) {
		cells := strings.Split(line, "|")
		if len(cells) == 5 && (strings.HasPrefix(cells[1], " `atshooks.") || strings.HasPrefix(cells[1], " `messaging.")) {
			rows = append(rows, strings.Trim(cells[1], " `")+" "+strings.Trim(cells[2], " `"))
		}
	}
	var want []string
	for name, m := range c.metrics(t) {
		want = append(want, name+" "+m.Unit)
		for set := range points(m) {
			for _, a := range set.ToSlice() {
				if !strings.Contains(string(readme), "`"+string(a.Key)+"`") {
					t.Errorf("README.md lacks the label %s", a.Key)
				}
			}
		}
	}
	slices.Sort(rows)
	if slices.Sort(want); !slices.Equal(rows, want) {
		t.Errorf("README.md has the metrics\n%q, want\n%q", rows, want)
	}
}
