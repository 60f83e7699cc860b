package kombotest_test

//lint:file-ignore SA1019 Kombo still sends the events that it has deprecated.

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/kombo"
	"github.com/atshooks/atshooks/kombo/kombotest"
)

func TestNewRequest(t *testing.T) {
	order := kombotest.AssessmentOrderReceived()
	order.PackageID = "changed"
	created := kombotest.IntegrationCreated()
	created.ID = "workday:changed"
	for _, test := range []struct {
		name string
		e    any
		opts []eventtest.Option
		want []string // what the handler saw
	}{
		{"the fixture, by its type", kombo.TypeSyncFinished, nil,
			[]string{"/sync-finished", kombo.TypeSyncFinished, string(kombotest.SyncFinished().SyncID)}},
		{"a changed sample", created, nil,
			[]string{"/integration-created", kombo.TypeIntegrationCreated, "workday:changed"}},
		{"a changed sample of a shared type", eventtest.As(kombo.TypeInlineAssessmentOrderReceived, order), nil,
			[]string{"/inline-assessment:order-received", kombo.TypeInlineAssessmentOrderReceived, "changed"}},
		{"to the service's own path", created, []eventtest.Option{eventtest.To("/hooks/kombo")},
			[]string{"/hooks/kombo", kombo.TypeIntegrationCreated, "workday:changed"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			h, err := kombo.NewHandler("secret", nil)
			if err != nil {
				t.Fatal(err)
			}
			r := kombotest.NewRequest(t, "secret", test.e, test.opts...)
			got := []string{r.URL.Path}
			saw := func(ctx context.Context, id event.ID) error {
				d, ok := event.FromContext(ctx)
				if !ok {
					return errors.New("no delivery")
				}
				got = append(got, d.Type, string(id))
				return nil
			}
			h.OnSyncFinished(func(ctx context.Context, e *kombo.SyncFinished) error { return saw(ctx, e.SyncID) })
			h.OnIntegrationCreated(func(ctx context.Context, e *kombo.IntegrationCreated) error { return saw(ctx, e.ID) })
			h.OnInlineAssessmentOrderReceived(func(ctx context.Context, e *kombo.AssessmentOrder) (*kombo.InlineAssessment, error) {
				return nil, saw(ctx, e.PackageID)
			})
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				t.Errorf("the status is %d", w.Code)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Every event has a sample: its own fixture's payload, fresh each time.
func TestSamples(t *testing.T) {
	samples := map[string]func() any{
		kombo.TypeDataChanged:                     func() any { return kombotest.DataChanged() },
		kombo.TypeSyncFinished:                    func() any { return kombotest.SyncFinished() },
		kombo.TypeRemoteEventReceived:             func() any { return kombotest.RemoteEventReceived() },
		kombo.TypeIntegrationCreated:              func() any { return kombotest.IntegrationCreated() },
		kombo.TypeIntegrationDeleted:              func() any { return kombotest.IntegrationDeleted() },
		kombo.TypeIntegrationStateChanged:         func() any { return kombotest.IntegrationStateChanged() },
		kombo.TypeConnectionFlowFailed:            func() any { return kombotest.ConnectionFlowFailed() },
		kombo.TypeIssueStatusChanged:              func() any { return kombotest.IssueStatusChanged() },
		kombo.TypeAIApplyDataChanged:              func() any { return kombotest.AIApplyDataChanged() },
		kombo.TypeAssessmentOrderReceived:         func() any { return kombotest.AssessmentOrderReceived() },
		kombo.TypeInlineAssessmentOrderReceived:   func() any { return kombotest.InlineAssessmentOrderReceived() },
		kombo.TypeAIApplyApplicationStatusUpdated: func() any { return kombotest.AIApplyApplicationStatusUpdated() },
		kombo.TypeAIApplyJobPostingStatusUpdated:  func() any { return kombotest.AIApplyJobPostingStatusUpdated() },
	}
	for _, typ := range kombotest.Vendor.Types() {
		t.Run(typ, func(t *testing.T) {
			sample := samples[typ]
			if sample == nil {
				t.Fatal("no sample")
			}
			if sample() == sample() {
				t.Error("two samples are one value")
			}
			want := reflect.New(reflect.TypeOf(sample()).Elem()).Interface()
			if err := json.Unmarshal(kombotest.Vendor.Payload(kombotest.Vendor.Body(typ)), want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, sample()); diff != "" {
				t.Errorf("the fixture and the sample (-want +got):\n%s", diff)
			}
		})
	}
}
