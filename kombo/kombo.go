package kombo

import (
	"context"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/signature"
)

// Provider returns a description of Kombo's webhooks, to be changed where a
// delivery shows something else.
func Provider() event.Provider {
	return event.Provider{
		Name: "kombo",
		Scheme: signature.HMAC{
			Header:   "X-Kombo-Signature",
			Encoding: signature.Base64URL,
		},
		Envelope: event.Envelope{
			Type:    []string{"type"},
			ID:      []string{"id"},
			Payload: []string{"data"},
		},
		Types: []string{
			TypeDataChanged,
			TypeSyncFinished,
			TypeRemoteEventReceived,
			TypeIntegrationCreated,
			TypeIntegrationDeleted,
			TypeIntegrationStateChanged,
			TypeConnectionFlowFailed,
			TypeIssueStatusChanged,
			TypeAssessmentOrderReceived,
			TypeInlineAssessmentOrderReceived,
			TypeAIApplyDataChanged,
			TypeAIApplyApplicationStatusUpdated,
			TypeAIApplyJobPostingStatusUpdated,
		},
		Enums:         enums(),
		MessageMember: "message",
	}
}

// Handler receives Kombo's deliveries: register a callback for each event that
// matters, and mount the handler at the URL that Kombo was given. It has the
// methods of [event.Handler]: OnOther, OnInvalid, ServeHTTP, Handle, Verify,
// Dispatch, Sign and Types. An event that this package does not model is
// received by event.On(h, "new.type", fn), with a type of your own.
//
// Registering a second callback for an event panics, and so does a nil one. A
// Handler is safe for concurrent use.
type Handler struct{ *event.Handler }

// NewHandler returns a handler for the deliveries of Kombo. secret is the
// webhook secret of the Kombo account; it must be empty if and only if
// opts.Secrets is set. opts may be nil. See [event.NewHandler] for what is an
// error.
func NewHandler(secret string, opts *event.Options) (*Handler, error) {
	return New(Provider(), secret, opts)
}

// New returns a handler as [NewHandler] does, for a [Provider] that was changed.
func New(p event.Provider, secret string, opts *event.Options) (*Handler, error) {
	h, err := event.NewHandler(p, secret, opts)
	if err != nil {
		return nil, err
	}
	return &Handler{h}, nil
}

// OnDataChanged calls fn when data of an integration has changed in Kombo: at
// once if the connected tool calls Kombo itself, otherwise after the next sync.
// The event says what changed and carries no data: fetch what is newer than
// your last fetch and, as Kombo advises, everything now and then.
func (h *Handler) OnDataChanged(fn func(context.Context, *DataChanged) error) {
	event.On(h, TypeDataChanged, fn)
}

// OnSyncFinished calls fn when a sync has ended, successfully or not.
//
// Deprecated: Kombo has deprecated the event. Use [Handler.OnDataChanged]: it
// comes sooner, and only if there is something to fetch.
func (h *Handler) OnSyncFinished(fn func(context.Context, *SyncFinished) error) {
	event.On(h, TypeSyncFinished, fn)
}

// OnRemoteEventReceived calls fn when a connected tool has called Kombo, so
// that there may be changes to fetch.
//
// Deprecated: Kombo's current OpenAPI document no longer has the event. Use
// [Handler.OnDataChanged], which Kombo's migration guide names in its place.
func (h *Handler) OnRemoteEventReceived(fn func(context.Context, *RemoteEventReceived) error) {
	event.On(h, TypeRemoteEventReceived, fn)
}

// OnIntegrationCreated calls fn when a customer has connected a tool.
func (h *Handler) OnIntegrationCreated(fn func(context.Context, *IntegrationCreated) error) {
	event.On(h, TypeIntegrationCreated, fn)
}

// OnIntegrationDeleted calls fn when an integration was deleted.
func (h *Handler) OnIntegrationDeleted(fn func(context.Context, *IntegrationDeleted) error) {
	event.On(h, TypeIntegrationDeleted, fn)
}

// OnIntegrationStateChanged calls fn when the state of an integration has
// changed. If it is [IntegrationStateInvalid], ask the customer to connect again.
func (h *Handler) OnIntegrationStateChanged(fn func(context.Context, *IntegrationStateChanged) error) {
	event.On(h, TypeIntegrationStateChanged, fn)
}

// OnConnectionFlowFailed calls fn when a customer has met an error while
// connecting a tool, such as wrong credentials or missing permissions. The event
// is meant for statistics and support and is not an alert: the customer may try
// again and succeed.
func (h *Handler) OnConnectionFlowFailed(fn func(context.Context, *ConnectionFlowFailed) error) {
	event.On(h, TypeConnectionFlowFailed, fn)
}

// OnIssueStatusChanged calls fn when Kombo has found an issue, or one was
// resolved.
func (h *Handler) OnIssueStatusChanged(fn func(context.Context, *IssueStatusChanged) error) {
	event.On(h, TypeIssueStatusChanged, fn)
}

// OnAssessmentOrderReceived calls fn when a customer has ordered an assessment
// or a background check for a candidate, in their applicant tracking system.
//
// To reject the order, return an [event.Rejection] with a Message: it is sent
// with status 422 as {"message": "…"}, and the tracking system shows the
// message. Kombo requires a particular JSON form, of which our copy of
// docs.kombo.dev/assessment/how-it-works (read 2026-11-21) has only the
// member's name. If Kombo does not reject the order, set the Rejection's Body,
// which replaces the whole object. With an Inbox the response is sent before fn
// runs, so a Rejection is an ordinary error.
//
// Any other error leaves the order open, and Kombo lists it among the open
// orders (docs.kombo.dev/assessment/introduction).
func (h *Handler) OnAssessmentOrderReceived(fn func(context.Context, *AssessmentOrder) error) {
	event.On(h, TypeAssessmentOrderReceived, fn)
}

// OnInlineAssessmentOrderReceived calls fn when a candidate has just applied
// for a job and is about to be sent to an assessment. What fn returns is the
// response, and Kombo needs it within 15 to 30 seconds
// (docs.kombo.dev/assessment/features/inline-assessment, read 2026-11-21). To
// reject the order, return an [event.Rejection] as in
// [Handler.OnAssessmentOrderReceived]. If fn returns nil and no error, the
// response is empty.
//
// On a handler with an Inbox this panics, because the Inbox would respond
// before fn runs: give Kombo another URL for these orders, with a handler of
// its own.
func (h *Handler) OnInlineAssessmentOrderReceived(fn func(context.Context, *AssessmentOrder) (*InlineAssessment, error)) {
	event.OnRespond(h, TypeInlineAssessmentOrderReceived, fn)
}

// OnAIApplyDataChanged calls fn when job postings that AI Apply watches have
// changed.
func (h *Handler) OnAIApplyDataChanged(fn func(context.Context, *AIApplyDataChanged) error) {
	event.On(h, TypeAIApplyDataChanged, fn)
}

// OnAIApplyApplicationStatusUpdated calls fn when AI Apply is done with an
// application: it was submitted, it was a duplicate, or people at Kombo found
// that it cannot be submitted. Nothing is sent while it is pending.
func (h *Handler) OnAIApplyApplicationStatusUpdated(fn func(context.Context, *AIApplyApplication) error) {
	event.On(h, TypeAIApplyApplicationStatusUpdated, fn)
}

// OnAIApplyJobPostingStatusUpdated calls fn when AI Apply has read a job
// posting, has failed to, or has found it archived. Applications can be
// submitted while its availability is [AvailabilityApplyable]. Nothing is sent
// while it is pending.
//
// Kombo's OpenAPI document has this event; docs.kombo.dev/ai-apply/webhooks, as
// read on 2026-11-21, no longer names it: see [Handler.OnAIApplyDataChanged].
func (h *Handler) OnAIApplyJobPostingStatusUpdated(fn func(context.Context, *AIApplyJobPosting) error) {
	event.On(h, TypeAIApplyJobPostingStatusUpdated, fn)
}
