package eventtest_test

import (
	"testing"

	"github.com/atshooks/atshooks/comeet"
	"github.com/atshooks/atshooks/comeet/comeettest"
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

func TestKombo(t *testing.T) {
	eventtest.Conform(t, kombotest.Vendor, kombo.NewHandler,
		eventtest.On(kombo.TypeDataChanged, (*kombo.Handler).OnDataChanged),
		eventtest.On(kombo.TypeSyncFinished, (*kombo.Handler).OnSyncFinished),
		eventtest.On(kombo.TypeAssessmentOrderReceived, (*kombo.Handler).OnAssessmentOrderReceived),
	)
}
func TestKeldair(t *testing.T) {
	eventtest.Conform(t, keldairtest.Vendor, keldair.NewHandler,
		eventtest.On(keldair.TypeNewHireFileCompleted, (*keldair.Handler).OnNewHireFileCompleted),
	)
}
func TestKeldairUnsigned(t *testing.T) {
	eventtest.Conform(t, keldairtest.Vendor, keldair.Config{InsecureAllowUnsigned: true}.NewHandler,
		eventtest.On(keldair.TypeNewHireFileCompleted, (*keldair.Handler).OnNewHireFileCompleted),
	)
}
func TestKit(t *testing.T) {
	eventtest.Conform(t, kittest.Vendor, kit.NewHandler,
		eventtest.On(kit.TypeApplicationSubmitted, (*kit.Handler).OnApplicationSubmitted),
		eventtest.On(kit.TypeOfferAccepted, (*kit.Handler).OnOfferAccepted),
		eventtest.On(kit.TypeTestPing, (*kit.Handler).OnTestPing),
	)
}
func TestHires(t *testing.T) {
	eventtest.Conform(t, hires100test.Vendor, hires100.NewHandler,
		eventtest.On(hires100.TypeCandidateHired, (*hires100.Handler).OnCandidateHired),
		eventtest.On(hires100.TypeApplicationSubmitted, (*hires100.Handler).OnApplicationSubmitted),
	)
}
func TestComeet(t *testing.T) {
	eventtest.Conform(t, comeettest.Vendor, comeet.NewHandler,
		eventtest.OnReply(comeet.TypeRequestQuestionnaire, (*comeet.Handler).OnRequestQuestionnaire),
		eventtest.On(comeet.TypeCreateEmployee, (*comeet.Handler).OnCreateEmployee),
	)
}
