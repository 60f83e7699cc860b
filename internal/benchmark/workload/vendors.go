package workload

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/atshooks/atshooks/comeet"
	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/hires100"
	"github.com/atshooks/atshooks/keldair"
	"github.com/atshooks/atshooks/kit"
	"github.com/atshooks/atshooks/kombo"
)

// The vendors, each with one of its events. Kombo's larger one is another than
// its small one; the others grow in a member that the vendor leaves open.
var (
	Comeet = Vendor{"comeet", func(int) kind {
		return kindOf[comeet.Candidate](comeet.TypeCreateEmployee, newComeet, comeetBody, comeetByHand)
	}}
	Kombo = Vendor{"kombo", func(size int) kind {
		if size < 2<<10 {
			return kindOf[kombo.SyncFinished](kombo.TypeSyncFinished, newKombo, syncFinishedBody, komboByHand)
		}
		return kindOf[kombo.AssessmentOrder](kombo.TypeAssessmentOrderReceived, newKombo, assessmentOrderBody, komboByHand)
	}}
	Keldair = Vendor{"keldair", func(int) kind {
		return kindOf[keldair.NewHireFile](keldair.TypeNewHireFileCompleted, newKeldair, keldairBody, keldairByHand)
	}}
	Hires100 = Vendor{"hires100", func(int) kind {
		return kindOf[hires100.Event](hires100.TypeCandidateCreated, newHires100, hires100Body, hires100ByHand)
	}}
	Kit = Vendor{"kit", func(int) kind {
		return kindOf[kit.Application](kit.TypeApplicationSubmitted, newKit, kitBody, kitByHand)
	}}

	Vendors = []Vendor{Comeet, Kombo, Keldair, Hires100, Kit}
)

func kindOf[T any](
	typ string,
	newHandler func(string, *event.Options) (*event.Handler, error),
	body func(*rand.Rand, int) []byte,
	byHand func(*kind) http.Handler,
) kind {
	return kind{
		typ:        typ,
		newHandler: newHandler,
		register: func(h *event.Handler, callback func(any)) {
			event.On(h, typ, func(_ context.Context, v *T) error {
				callback(v)
				return nil
			})
		},
		decode: func(payload []byte) (any, error) {
			v := new(T)
			return v, json.Unmarshal(payload, v)
		},
		body:   body,
		byHand: byHand,
	}
}

func newComeet(secret string, opts *event.Options) (*event.Handler, error) {
	h, err := comeet.NewHandler(secret, opts)
	if err != nil {
		return nil, err
	}
	return h.Handler, nil
}

func newKombo(secret string, opts *event.Options) (*event.Handler, error) {
	h, err := kombo.NewHandler(secret, opts)
	if err != nil {
		return nil, err
	}
	return h.Handler, nil
}

func newKeldair(secret string, opts *event.Options) (*event.Handler, error) {
	h, err := keldair.NewHandler(secret, opts)
	if err != nil {
		return nil, err
	}
	return h.Handler, nil
}

func newHires100(secret string, opts *event.Options) (*event.Handler, error) {
	h, err := hires100.NewHandler(secret, opts)
	if err != nil {
		return nil, err
	}
	return h.Handler, nil
}

func newKit(secret string, opts *event.Options) (*event.Handler, error) {
	h, err := kit.NewHandler(secret, opts)
	if err != nil {
		return nil, err
	}
	return h.Handler, nil
}

// syncFinishedBody has no member that could grow: it is of about 700 bytes.
func syncFinishedBody(r *rand.Rand, _ int) []byte {
	p := newPerson(r)
	began := p.at.Add(-time.Duration(r.IntN(900)) * time.Second)
	return fmt.Appendf(nil, `{"id":"%s","type":"sync-finished","data":{"sync_id":"%s","sync_state":"SUCCEEDED","sync_started_at":"%s","sync_ended_at":"%s","sync_duration_seconds":%d.%03d,"integration_id":"personio:%s","integration_tool":"personio","integration_category":"HRIS","end_user":{"organization_name":"%s & Söhne","creator_email":"%s","origin_id":"%s"},"log_url":"https://app.example.com/env/production/logs/%s"}}`,
		id(r, 24), id(r, 24), stamp(began), stamp(p.at), int(p.at.Sub(began).Seconds()), r.IntN(1000), id(r, 24), p.last, p.email, id(r, 36), id(r, 180+r.IntN(12)))
}

func assessmentOrderBody(r *rand.Rand, size int) []byte {
	p := newPerson(r)
	return filled(r, size, fmt.Sprintf(`{"id":"%s","type":"assessment:order-received","data":{"id":"%s","package_id":"go_backend_basics","status":"OPEN","integration_id":"workday:%s","candidate":{"email":"%s","first_name":"%s","last_name":"%s","phone":"+1 202 555 %04d","remote_id":"cand-%d"},"application":{"remote_id":"appl-%d"},"job":{"remote_id":"job-%d","name":"Backend Engineer","job_code":"ENG-%d","description":"<p>You build the services that move our parcels.\n<a href=\"https:\/\/jobs.example.com\/%d\">More<\/a></p>","location":{"city":"Köln","country":"DE","raw":"Musterstraße %d, 50667 Köln","state":"Nordrhein-Westfalen","street_1":null,"street_2":null,"zip_code":"50667"},"hiring_team":[%s,%s,%s]},"remote_data":`,
		id(r, 24), id(r, 24), id(r, 24), p.email, p.first, p.last, r.IntN(9999), r.IntN(1e6), r.IntN(1e6), r.IntN(1e4), r.IntN(1e4), r.IntN(1e6), r.IntN(200), teamMember(r), teamMember(r), teamMember(r)), `}}`)
}

func teamMember(r *rand.Rand) string {
	p := newPerson(r)
	return fmt.Sprintf(`{"remote_id":"user-%d","email":"%s","first_name":"%s","last_name":"%s","hiring_team_roles":["RECRUITER"]}`, r.IntN(1e4), p.email, p.first, p.last)
}

func comeetBody(r *rand.Rand, size int) []byte {
	p := newPerson(r)
	return filled(r, size, fmt.Sprintf(`{"comeet_id":"%s","person_uid":"%s","first_name":"%s","last_name":"%s","email":"%s","time_created":"%s","phone":"+1-202-555-%04d","hired_date":"%s","start_date":"%s","source":{"name":"Brightwater Staffing","type":"Agency"},"resume":{"name":"cv.pdf","url":"https://files.example.com/resume/%s"},"position":{"comeet_id":"%s","name":"Backend engineer (payments)","custom_fields":{"Languages":`,
		id(r, 6), id(r, 6), p.first, p.last, p.email, stamp(p.at), r.IntN(9999), day(p.at), day(p.at), id(r, 32), id(r, 6)), `}}}`)
}

func keldairBody(r *rand.Rand, size int) []byte {
	p := newPerson(r)
	return filled(r, size, fmt.Sprintf(`{"id":"%s","type":"new-hire-file.completed","version":"2022-02-23","dateOccurred":"%s","data":{"id":%d,"firstName":"%s","lastName":"%s","emailAddress":"%s","phoneNumber":{"number":"+1 202 555 %04d"},"address":{"street":"12 Example Street","city":"Exampleton"},"appliedDate":"%s","hiredDate":"%s","externalOpeningId":"REQ-%d","fields":`,
		id(r, 36), stamp(p.at), r.IntN(1e6), p.first, p.last, p.email, r.IntN(9999), day(p.at), day(p.at), r.IntN(1e4)), `}}`)
}

func hires100Body(r *rand.Rand, size int) []byte {
	p := newPerson(r)
	return filled(r, size, fmt.Sprintf(`{"id":"evt_%s","type":"candidate.created","timestamp":%d,"data":{"candidate":{"id":%d,"alias":"%s","company_id":731,"first_name":"%s","last_name":"%s","email":"%s","phone":"+1 555 010 %04d","linkedin":"https://linkedin.example.com/in/%s","tags":["referral","remote"],"created_at":%d,"updated_at":%d,"profile":{"History":`,
		id(r, 16), p.at.Unix(), r.IntN(1e5), id(r, 12), p.first, p.last, p.email, r.IntN(9999), id(r, 12), p.at.Unix(), p.at.Unix()), `}}}}`)
}

func kitBody(r *rand.Rand, size int) []byte {
	p := newPerson(r)
	return filled(r, size, fmt.Sprintf(`{"event":"application.submitted","created_at":"%s","data":{"id":%d,"candidate":{"id":%d,"name":"%s %s","email":"%s"},"job_posting":{"id":%d,"title":"Senior Engineer"},"current_stage":"Applied","submitted_at":"%s","rejected":false,"withdrawn":false,"offered":false,"custom_fields":`,
		stamp(p.at), r.IntN(1e6), r.IntN(1e6), p.first, p.last, p.email, r.IntN(1e4), stamp(p.at)), `}}`)
}

// person is who a delivery is about, and when.
type person struct {
	first, last, email string
	at                 time.Time
}

var (
	firsts = []string{"Mira", "Oswin", "Tamsin", "Noor", "Zoë", "Pavel", "Ilse", "Kim"}
	lasts  = []string{"Sample", "Marrowby", "Quillfeather", "Sandoval", "Ångström", "Ferreira", "Okonjo", "Placeholder"}
)

func newPerson(r *rand.Rand) person {
	return person{
		first: firsts[r.IntN(len(firsts))],
		last:  lasts[r.IntN(len(lasts))],
		email: id(r, 5+r.IntN(12)) + "@example.com",
		at:    time.Unix(1_767_225_600+r.Int64N(20_000_000), 0).UTC(),
	}
}

func stamp(t time.Time) string { return t.Format(time.RFC3339) }
func day(t time.Time) string   { return t.Format(time.DateOnly) }

// id is a name of n letters and digits.
func id(r *rand.Rand, n int) string {
	const digits = "0123456789abcdefghijkmnpqrstvwxyz"
	b := make([]byte, n)
	for i := range b {
		b[i] = digits[r.IntN(len(digits))]
	}
	return string(b)
}

// filled is a body of about that size: head, a list, and tail. What the list
// holds is of every kind that JSON has.
func filled(r *rand.Rand, size int, head, tail string) []byte {
	b := append(make([]byte, 0, size+256), head...)
	b = append(b, '[')
	for i := 0; i == 0 || len(b) < size-110; i++ {
		if i > 0 {
			b = append(b, ',')
		}
		p := newPerson(r)
		b = fmt.Appendf(b, `{"id":%d,"name":"%s %s","value":%d.%d,"active":%t,"parent":null,"note":"said \"%s\"\nand left","tags":["%s","\u00e9t\u00e9"]}`,
			r.IntN(1e9), p.first, p.last, r.IntN(1e3), r.IntN(1e2), r.IntN(2) == 0, p.email, id(r, 8))
	}
	b = append(b, ']')
	return append(b, tail...)
}
