package main

//lint:file-ignore SA1019 Kombo still sends the events that it has deprecated.

import (
	"cmp"
	"context"
	"net/http"

	"github.com/atshooks/atshooks/comeet"
	"github.com/atshooks/atshooks/comeet/comeettest"
	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/hires100"
	"github.com/atshooks/atshooks/hires100/hires100test"
	"github.com/atshooks/atshooks/keldair"
	"github.com/atshooks/atshooks/keldair/keldairtest"
	"github.com/atshooks/atshooks/kit"
	"github.com/atshooks/atshooks/kit/kittest"
	"github.com/atshooks/atshooks/kombo"
	"github.com/atshooks/atshooks/kombo/kombotest"
)

// secret stands for what each vendor shows in its settings. A service reads
// its own from the environment.
const secret = "a secret for the quickstart only"

// receiver is one vendor's handler, with what the program needs to play the
// vendor: its fixtures, and a small body to try by hand.
type receiver struct {
	name    string
	handler *event.Handler
	vendor  eventtest.Vendor
	mount   func(*http.ServeMux)
	path    func(typ string) string
	try     string
}

func newReceivers(out *printer) ([]receiver, error) {
	var receivers []receiver
	for _, newReceiver := range []func(*printer) (receiver, error){newComeet, newKombo, newKeldair, newHires100, newKit} {
		r, err := newReceiver(out)
		if err != nil {
			return nil, err
		}
		receivers = append(receivers, r)
	}
	return receivers, nil
}

// oneURL is a receiver whose vendor sends everything to one URL.
func oneURL(name string, h *event.Handler, vendor eventtest.Vendor, try string) receiver {
	return receiver{
		name: name, handler: h, vendor: vendor, try: try,
		mount: func(mux *http.ServeMux) { mux.Handle("POST /hooks/"+name, h) },
		path:  func(string) string { return "/hooks/" + name },
	}
}

func newComeet(out *printer) (receiver, error) {
	h, err := comeet.NewHandler(secret, nil)
	if err != nil {
		return receiver{}, err
	}
	h.OnRequestQuestionnaire(func(ctx context.Context, c *comeet.Candidate) (*comeet.Questionnaire, error) {
		q := new(comeet.Questionnaire).ShortAnswer("shirt", "Shirt size")
		return q, out.saw(ctx, "candidate %s is asked %d question", c.ComeetID, len(q.Questions))
	})
	h.OnCreateEmployee(func(ctx context.Context, c *comeet.Candidate) error {
		return out.saw(ctx, "candidate %s starts on %s, %d answers", c.ComeetID, c.StartDate.Text(), len(c.PartnerQuestionnaire))
	})
	return receiver{
		name: "comeet", handler: h.Handler, vendor: comeettest.Vendor,
		mount: func(mux *http.ServeMux) {
			mux.Handle("POST /hooks/comeet/{webhook}", h)
		},
		path: func(typ string) string { return "/hooks/comeet/" + typ },
		try:  `{"comeet_id":"1A.2B"}`,
	}, nil
}

func newKombo(out *printer) (receiver, error) {
	h, err := kombo.NewHandler(secret, nil)
	if err != nil {
		return receiver{}, err
	}
	h.OnDataChanged(func(ctx context.Context, e *kombo.DataChanged) error {
		return out.saw(ctx, "%s: %d models", e.IntegrationID, len(e.ChangedModels))
	})
	h.OnSyncFinished(func(ctx context.Context, e *kombo.SyncFinished) error {
		return out.saw(ctx, "%s: %s after %gs", e.IntegrationID, e.SyncState, e.SyncDurationSeconds)
	})
	h.OnRemoteEventReceived(func(ctx context.Context, e *kombo.RemoteEventReceived) error {
		return out.saw(ctx, "%s: %s", e.IntegrationID, e.IntegrationCategory)
	})
	h.OnIntegrationCreated(func(ctx context.Context, e *kombo.IntegrationCreated) error {
		return out.saw(ctx, "%s of %s", e.ID, e.EndUser.OrganizationName)
	})
	h.OnIntegrationDeleted(func(ctx context.Context, e *kombo.IntegrationDeleted) error {
		return out.saw(ctx, "%s at %s", e.ID, e.DeletedAt.Text())
	})
	h.OnIntegrationStateChanged(func(ctx context.Context, e *kombo.IntegrationStateChanged) error {
		return out.saw(ctx, "%s: %s", e.IntegrationID, e.State)
	})
	h.OnConnectionFlowFailed(func(ctx context.Context, e *kombo.ConnectionFlowFailed) error {
		return out.saw(ctx, "%s of %s", e.IntegrationTool, e.EndUser.OrganizationName)
	})
	h.OnIssueStatusChanged(func(ctx context.Context, e *kombo.IssueStatusChanged) error {
		return out.saw(ctx, "%s: %s %s", e.Integration.ID, e.Issue.Type, e.Change)
	})
	h.OnAssessmentOrderReceived(func(ctx context.Context, e *kombo.AssessmentOrder) error {
		return out.saw(ctx, "order %s: %s, %s", e.ID, e.PackageID, e.Status)
	})
	h.OnInlineAssessmentOrderReceived(func(ctx context.Context, e *kombo.AssessmentOrder) (*kombo.InlineAssessment, error) {
		link := "https://assess.example.com/" + string(e.ID)
		return &kombo.InlineAssessment{AssessmentURL: link}, out.saw(ctx, "order %s: %s, at once", e.ID, e.PackageID)
	})
	h.OnAIApplyDataChanged(func(ctx context.Context, e *kombo.AIApplyDataChanged) error {
		return out.saw(ctx, "%d bytes", len(e.RawMessage))
	})
	h.OnAIApplyApplicationStatusUpdated(func(ctx context.Context, e *kombo.AIApplyApplication) error {
		return out.saw(ctx, "application %s: %s", e.ID, e.Status)
	})
	h.OnAIApplyJobPostingStatusUpdated(func(ctx context.Context, e *kombo.AIApplyJobPosting) error {
		return out.saw(ctx, "job posting %s: %s", e.ID, e.Availability)
	})
	return oneURL("kombo", h.Handler, kombotest.Vendor, `{"id":"1","type":"data-changed","data":{"integration_id":"personio:1","changed_models":[]}}`), nil
}

func newKeldair(out *printer) (receiver, error) {
	h, err := keldair.NewHandler(secret, nil)
	if err != nil {
		return receiver{}, err
	}
	h.OnNewHireFileCompleted(func(ctx context.Context, e *keldair.NewHireFile) error {
		return out.saw(ctx, "file %s for opening %s", e.ID, e.ExternalOpeningID)
	})
	return oneURL("keldair", h.Handler, keldairtest.Vendor, `{"id":"1","type":"new-hire-file.completed","data":{"id":1}}`), nil
}

func newHires100(out *printer) (receiver, error) {
	h, err := hires100.NewHandler(secret, nil)
	if err != nil {
		return receiver{}, err
	}
	saw := func(ctx context.Context, e *hires100.Event) error {
		return out.saw(ctx, "candidate %s", cmp.Or(e.Candidate.ID, e.Application.CandidateID, e.Interview.CandidateID))
	}
	h.OnApplicationSubmitted(saw)
	h.OnApplicationStageChanged(saw)
	h.OnCandidateHired(saw)
	h.OnCandidateDisqualified(saw)
	h.OnInterviewScheduled(saw)
	h.OnAIScoreGenerated(saw)
	h.OnCandidateCreated(saw)
	h.OnCandidateUpdated(saw)
	return oneURL("hires100", h.Handler, hires100test.Vendor, `{"id":"1","event":"candidate.hired","data":{"candidate":{"id":1}}}`), nil
}

func newKit(out *printer) (receiver, error) {
	h, err := kit.NewHandler(secret, nil)
	if err != nil {
		return receiver{}, err
	}
	application := func(ctx context.Context, e *kit.Application) error {
		return out.saw(ctx, "application %s, stage %q", e.ID, e.CurrentStage)
	}
	h.OnApplicationSubmitted(application)
	h.OnApplicationRejected(application)
	h.OnApplicationAdvanced(application)
	h.OnApplicationWithdrawn(application)
	h.OnApplicationOfferExtended(application)
	offer := func(ctx context.Context, e *kit.Offer) error { return out.saw(ctx, "offer %s", e.ID) }
	h.OnOfferAccepted(offer)
	h.OnOfferDeclined(offer)
	h.OnOfferCandidateAccepted(offer)
	h.OnOfferCandidateDeclined(offer)
	h.OnOfferRevised(offer)
	interview := func(ctx context.Context, e *kit.Interview) error { return out.saw(ctx, "interview %s", e.ID) }
	h.OnInterviewScheduled(interview)
	h.OnInterviewConfirmed(interview)
	h.OnInterviewCompleted(interview)
	h.OnInterviewCancelled(interview)
	h.OnInterviewNoShow(interview)
	assignment := func(ctx context.Context, e *kit.CodeAssignment) error {
		return out.saw(ctx, "code assignment %s", e.ID)
	}
	h.OnCodeAssignmentSubmitted(assignment)
	h.OnCodeAssignmentAutoSubmitted(assignment)
	h.OnReviewSubmitted(func(ctx context.Context, e *kit.Review) error { return out.saw(ctx, "review %s", e.ID) })
	posting := func(ctx context.Context, e *kit.JobPosting) error { return out.saw(ctx, "job posting %s", e.ID) }
	h.OnJobPostingPublished(posting)
	h.OnJobPostingPaused(posting)
	h.OnJobPostingClosed(posting)
	h.OnJobPostingReopened(posting)
	h.OnTestPing(func(ctx context.Context, _ *kit.Ping) error { return out.saw(ctx, "the endpoint works") })
	return oneURL("kit", h.Handler, kittest.Vendor, `{"event":"application.submitted","created_at":"2026-01-15T14:30:00Z","data":{"id":1}}`), nil
}
