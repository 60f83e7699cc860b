package riverqueue

import (
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/inbox"
)

// long is a client's configuration whose retention is long enough.
func long() river.Config {
	const kept = 10 * 24 * time.Hour
	return river.Config{CompletedJobRetentionPeriod: kept, CancelledJobRetentionPeriod: kept, DiscardedJobRetentionPeriod: kept}
}

func TestOptionsThatCouldNotWork(t *testing.T) {
	with := func(change func(*river.Config)) *river.Config {
		c := long()
		change(&c)
		return &c
	}
	for want, o := range map[string]Options{
		"MaxAge is 71h0m0s":               {MaxAge: 71 * time.Hour},
		"option Queue":                    {Queue: "Web hooks"},
		"option Queue is":                 {Queue: strings.Repeat("q", 25)},
		"option Schema":                   {Schema: `a"b`},
		"negative":                        {MaxBody: -1},
		"a negative":                      {MaxPuts: -1},
		"MaxBody is more":                 {MaxBody: 129 << 20},
		"Schema and MaxAge must be empty": {Config: with(func(*river.Config) {}), Schema: "x"},
		"Schema and MaxAge must be":       {Config: with(func(*river.Config) {}), MaxAge: 100 * time.Hour},
		"CompletedJobRetentionPeriod of the River client is 24h0m0s": {Config: with(func(c *river.Config) { c.CompletedJobRetentionPeriod = 0 })},
		"CancelledJobRetentionPeriod of the River client is 24h0m0s": {Config: with(func(c *river.Config) { c.CancelledJobRetentionPeriod = 0 })},
		"DiscardedJobRetentionPeriod of the River client is 71h0m0s": {Config: with(func(c *river.Config) { c.DiscardedJobRetentionPeriod = 71 * time.Hour })},
	} {
		if _, err := o.check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", o, err, want)
		}
	}
	for _, o := range []Options{
		{}, {MaxAge: 72 * time.Hour, KeepBodies: -1, Queue: "a_b-c2"}, {Config: with(func(*river.Config) {})},
		{Config: with(func(c *river.Config) { c.CompletedJobRetentionPeriod, c.DiscardedJobRetentionPeriod = -1, 0 })},
	} {
		if _, err := o.check(); err != nil {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestWorkerOptionsThatCouldNotWork(t *testing.T) {
	for want, o := range map[string]WorkerOptions{
		"Concurrency":    {Concurrency: -1},
		"Timeout":        {Timeout: -1},
		"option Timeout": {Timeout: 25 * time.Hour},
		"Retry":          {Retry: inbox.Schedule{Attempts: -1}},
	} {
		if _, err := o.check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", o, err, want)
		}
	}
}

// TestNextRetryIsNotInThePast: River would take a schedule of its own.
func TestNextRetryIsNotInThePast(t *testing.T) {
	r := &runner{opts: WorkerOptions{Retry: quick}}
	later := time.Now().Add(time.Hour)
	for _, at := range []time.Time{{}, time.Now().Add(-time.Hour), later} {
		j := &river.Job[job]{JobRow: &rivertype.JobRow{Attempt: 1}, Args: job{retryAt: at}}
		before := time.Now()
		if got := r.NextRetry(j); got.Before(before) || at.Equal(later) && !got.Equal(later) {
			t.Errorf("a retry at %v is at %v", at, got)
		}
	}
}

// TestQueues: different handlers have different queues, all with names that
// River takes.
func TestQueues(t *testing.T) {
	i := &Inbox{opts: Options{Queue: "webhooks"}}
	seen := make(map[string]string)
	workers := river.NewWorkers()
	river.AddWorker(workers, &runner{})
	c := long()
	c.Workers, c.Queues = workers, make(map[string]river.QueueConfig)
	for _, name := range []string{"", "kombo", "Kombo", "kombo-eu", "kombo_eu", "kombo--eu", "kombo eu", "-", "ö", strings.Repeat("k", 55), strings.Repeat("k", 56), strings.Repeat("k", 256)} {
		queue := i.queue(name)
		if other, taken := seen[queue]; taken {
			t.Errorf("%q and %q share the queue %s", name, other, queue)
		}
		seen[queue] = name
		c.Queues[queue] = river.QueueConfig{MaxWorkers: 1}
	}
	if i.queue("kombo-eu") != "webhooks-kombo-eu" || i.handler("webhooks-kombo-eu") != "kombo-eu" {
		t.Errorf("kombo-eu is %s", i.queue("kombo-eu"))
	}
	if _, err := river.NewClient(riverpgxv5.New(newPool(t)), &c); err != nil {
		t.Error(err)
	}
}

// TestPriorities: a tenant's flood waits behind the deliveries of others.
func TestPriorities(t *testing.T) {
	var tenants tenants
	of := func(tenant string, now time.Time) int {
		d := delivery("acme", "")
		d.Tenant = tenant
		return tenants.priority(d, now)
	}
	now := time.Now()
	for n := 1; n <= 20_000; n++ {
		want := 1
		switch {
		case n > 10_000:
			want = 4
		case n > 1_000:
			want = 3
		case n > 100:
			want = 2
		}
		if got := of("loud", now); got != want {
			t.Fatalf("delivery %d of a flood has priority %d, want %d", n, got, want)
		}
	}
	if got := of("quiet", now); got != 1 {
		t.Errorf("another tenant's has priority %d", got)
	}
	if got := of("loud", now.Add(61*time.Second)); got != 1 {
		t.Errorf("a minute later it has priority %d", got)
	}
	for range 200 {
		if got := of("", now); got != 1 {
			t.Errorf("without tenants, priority %d", got)
		}
	}
}

var _ event.Inbox = (*Inbox)(nil)
