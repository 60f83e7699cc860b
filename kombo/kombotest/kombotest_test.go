package kombotest_test

//lint:file-ignore SA1019 Kombo still sends the events that it has deprecated.

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/internal/schematest"
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

// Every event has a sample: the payload of its fixture, fresh each time.
func TestSamples(t *testing.T) {
	schematest.Samples(t, kombotest.Vendor, map[string]any{
		kombo.TypeDataChanged:                     kombotest.DataChanged,
		kombo.TypeSyncFinished:                    kombotest.SyncFinished,
		kombo.TypeRemoteEventReceived:             kombotest.RemoteEventReceived,
		kombo.TypeIntegrationCreated:              kombotest.IntegrationCreated,
		kombo.TypeIntegrationDeleted:              kombotest.IntegrationDeleted,
		kombo.TypeIntegrationStateChanged:         kombotest.IntegrationStateChanged,
		kombo.TypeConnectionFlowFailed:            kombotest.ConnectionFlowFailed,
		kombo.TypeIssueStatusChanged:              kombotest.IssueStatusChanged,
		kombo.TypeAssessmentOrderReceived:         kombotest.AssessmentOrderReceived,
		kombo.TypeInlineAssessmentOrderReceived:   kombotest.InlineAssessmentOrderReceived,
		kombo.TypeAIApplyDataChanged:              kombotest.AIApplyDataChanged,
		kombo.TypeAIApplyApplicationStatusUpdated: kombotest.AIApplyApplicationStatusUpdated,
		kombo.TypeAIApplyJobPostingStatusUpdated:  kombotest.AIApplyJobPostingStatusUpdated,
	})
}
