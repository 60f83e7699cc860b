package vendors

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/event/eventtest"
)

const secret = "a secret for tests only"

func TestEveryEventHasAPayloadType(t *testing.T) {
	for _, v := range All {
		for _, typ := range v.Types() {
			if c, ok := v.Callback(typ); !ok || c.Payload == nil || c.Method == "" {
				t.Errorf("%s %s: %+v", v.Name(), typ, c)
			}
		}
	}
}

func TestJudge(t *testing.T) {
	for _, v := range All {
		for _, typ := range v.Types() {
			r, err := v.Sign(eventtest.Draft{Type: typ, Secret: secret})
			if err != nil {
				t.Fatal(err)
			}
			endpoint := ""
			if v.TypeInURL() {
				endpoint = typ
			}
			j := v.Judge(secret, endpoint, r.Header, r.Body, time.Now())
			if !j.Verified || j.Kind != event.KindHandled || j.Err != nil || j.Payload == nil || j.Delivery.Type != typ {
				t.Errorf("%s %s: %+v", v.Name(), typ, j)
			}
			for _, wrong := range []string{"another secret", "", " blank "} {
				j = v.Judge(wrong, endpoint, r.Header, r.Body, time.Now())
				if j.Verified || j.Err == nil || j.Payload == nil || j.Delivery.Type != typ {
					t.Errorf("%s %s with the secret %q: %+v", v.Name(), typ, wrong, j)
				}
			}
		}
	}
}

// A delivery is judged by the time at which it came, however long ago that is.
func TestJudgeByTheTimeOfReceipt(t *testing.T) {
	kit := Lookup("kit")
	then := time.Now().Add(-48 * time.Hour)
	r, err := kit.Sign(eventtest.Draft{Type: "test.ping", Secret: secret, Time: then})
	if err != nil {
		t.Fatal(err)
	}
	if j := kit.Judge(secret, "", r.Header, r.Body, then.Add(time.Minute)); !j.Verified || j.Kind != event.KindHandled {
		t.Errorf("in time: %+v", j)
	}
	if j := kit.Judge(secret, "", r.Header, r.Body, time.Now()); j.Verified || j.Response.Status != http.StatusUnauthorized {
		t.Errorf("too late: %+v", j)
	}
}

func TestJudgeWhatCannotBeRead(t *testing.T) {
	kombo := Lookup("kombo")
	for body, want := range map[string]string{
		"":                           "",
		"not JSON":                   "",
		`{"id":"1"}`:                 "",
		`{"type":"brand-new","x":1}`: "unknown event type",
		`{"type":"data-changed","id":"1","data":{"integration_id":{}}}`: "",
		strings.Repeat("[", 20_000):                                     "",
	} {
		j := kombo.Judge("", "", http.Header{}, []byte(body), time.Now())
		if j.Verified || j.Payload != nil {
			t.Errorf("%.30s: %+v", body, j)
		}
		if got := strings.Join(j.Drift, "; "); !strings.Contains(got, want) {
			t.Errorf("%.30s: drift is %q", body, got)
		}
	}
}

func TestCallback(t *testing.T) {
	if c, ok := Lookup("comeet").Callback("request-questionnaire"); !ok || !c.Responds || c.Method != "OnRequestQuestionnaire" || c.Payload.Name() != "Candidate" {
		t.Errorf("%+v %v", c, ok)
	}
	if c, ok := Lookup("kombo").Callback("data-changed"); !ok || c.Responds {
		t.Errorf("%+v %v", c, ok)
	}
	if c, ok := Lookup("kombo").Callback("brand-new"); ok {
		t.Errorf("%+v", c)
	}
}

func TestSuccess(t *testing.T) {
	for _, v := range All {
		if s := v.Success(); len(s) == 0 || s[0] != http.StatusOK {
			t.Errorf("%s: %v", v.Name(), s)
		}
	}
}
