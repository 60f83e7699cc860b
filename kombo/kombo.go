package kombo

import (
	"context"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

// provider is what Kombo is to package event.
var provider = event.Provider{
	Name:   "kombo",
	Scheme: signature.HMAC{Header: "X-Kombo-Signature", Encoding: signature.Base64URL},
	Envelope: event.Envelope{
		Type:    []string{"type"},
		ID:      []string{"id"},
		Payload: []string{"data"},
	},
}

// Handler receives Kombo's deliveries: register a callback for each event that
// matters, and mount it at the URL that Kombo was given. It is an
// [event.Handler], whose methods it has: OnOther, OnInvalid, ServeHTTP, Handle,
// Verify, Dispatch, Sign and Types. An event that this package does not model
// is received by event.On(k.Handler, "new-type", fn) with a type of one's own.
//
// Registering a second callback for an event panics, and so does a nil one. A
// Handler is safe for concurrent use.
type Handler struct{ *event.Handler }

// NewHandler makes a handler for the deliveries of one Kombo account. secret is
// the account's webhook secret, as the dashboard shows it; it is empty exactly
// when opts.Secrets is set. opts may be nil. A secret that is blank or has
// white space around it is an error, and so is any option that could not work.
func NewHandler(secret string, opts *event.Options) (*Handler, error) {
	h, err := event.NewHandler(provider, secret, opts)
	if err != nil {
		return nil, err
	}
	return &Handler{h}, nil
}

// OnDataChanged calls fn when data of an integration has changed in Kombo: at
// once where the connected tool calls Kombo itself, else after the next sync.
// It says what changed and carries no data: fetch what is newer than your last
// fetch, and everything now and then, as Kombo advises.
func (h *Handler) OnDataChanged(fn func(context.Context, *DataChanged) error) {
	event.On(h.Handler, TypeDataChanged, fn)
}

// OnSyncFinished calls fn when a sync has ended, successfully or not.
//
// Kombo still sends it, and has deprecated it in favour of data-changed, which
// comes sooner and only if there is something to fetch: see [Handler.OnDataChanged].
func (h *Handler) OnSyncFinished(fn func(context.Context, *SyncFinished) error) {
	event.On(h.Handler, TypeSyncFinished, fn)
}

// OnRemoteEventReceived calls fn when a connected tool has called Kombo, so
// that there may be changes to fetch.
//
// Kombo's current OpenAPI document has it no more, and its migration guide
// names data-changed as what replaces it: see [Handler.OnDataChanged].
func (h *Handler) OnRemoteEventReceived(fn func(context.Context, *RemoteEventReceived) error) {
	event.On(h.Handler, TypeRemoteEventReceived, fn)
}

// OnIntegrationCreated calls fn when a customer has connected a tool.
func (h *Handler) OnIntegrationCreated(fn func(context.Context, *IntegrationCreated) error) {
	event.On(h.Handler, TypeIntegrationCreated, fn)
}

// OnIntegrationDeleted calls fn when an integration was deleted.
func (h *Handler) OnIntegrationDeleted(fn func(context.Context, *IntegrationDeleted) error) {
	event.On(h.Handler, TypeIntegrationDeleted, fn)
}

// OnIntegrationStateChanged calls fn when the status of an integration has
// changed: with [IntegrationStateInvalid], ask the customer to connect again.
func (h *Handler) OnIntegrationStateChanged(fn func(context.Context, *IntegrationStateChanged) error) {
	event.On(h.Handler, TypeIntegrationStateChanged, fn)
}

// OnConnectionFlowFailed calls fn when a customer has met an error while
// connecting a tool: wrong credentials, missing permissions. It is meant for
// statistics and support and is no alert: the customer may try again and
// succeed, of which this event knows nothing.
func (h *Handler) OnConnectionFlowFailed(fn func(context.Context, *ConnectionFlowFailed) error) {
	event.On(h.Handler, TypeConnectionFlowFailed, fn)
}

// OnAssessmentOrderReceived calls fn when a customer has ordered an assessment
// or a background check for a candidate, in their applicant tracking system.
//
// An error of fn's does not reject the order: Kombo keeps it open and lists it
// among the open orders (docs.kombo.dev/assessment/introduction, read
// 2026-11-21). The same page has an answer with status 422 that does reject it;
// this package does not send that.
func (h *Handler) OnAssessmentOrderReceived(fn func(context.Context, *AssessmentOrder) error) {
	event.On(h.Handler, TypeAssessmentOrderReceived, fn)
}

// OnInlineAssessmentOrderReceived calls fn when a candidate has just applied
// for a job and is about to be sent to an assessment.
//
// Kombo wants the link to it in the answer's body, and soon: tracking systems
// wait for 15 to 30 seconds (docs.kombo.dev/assessment/features/inline-assessment,
// read 2026-11-21). fn gives no answer and is for a service that only wants to
// know. One that offers inline assessments registers [event.OnReply] in its
// place, with [InlineAssessment] as the reply, and has no Sink on that handler:
//
//	event.OnReply(k.Handler, kombo.TypeInlineAssessmentOrderReceived, fn)
func (h *Handler) OnInlineAssessmentOrderReceived(fn func(context.Context, *AssessmentOrder) error) {
	event.On(h.Handler, TypeInlineAssessmentOrderReceived, fn)
}

// OnAIApplyApplicationStatusUpdated calls fn when AI Apply is done with an
// application: submitted, a duplicate, or found impossible to submit by people
// at Kombo. None is sent while it is pending.
func (h *Handler) OnAIApplyApplicationStatusUpdated(fn func(context.Context, *AIApplyApplication) error) {
	event.On(h.Handler, TypeAIApplyApplicationStatusUpdated, fn)
}

// OnAIApplyJobPostingStatusUpdated calls fn when AI Apply has read a job
// posting, has failed to, or has found it archived: applications can be
// submitted while its availability is [AvailabilityApplyable]. None is sent
// while it is pending.
func (h *Handler) OnAIApplyJobPostingStatusUpdated(fn func(context.Context, *AIApplyJobPosting) error) {
	event.On(h.Handler, TypeAIApplyJobPostingStatusUpdated, fn)
}
