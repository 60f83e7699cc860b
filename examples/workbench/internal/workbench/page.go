package workbench

import (
	"bytes"
	"cmp"
	"context"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/atshooks/atshooks/examples/internal/show"
	"github.com/atshooks/atshooks/internal/vendors"
)

//go:embed templates
var templateFiles embed.FS

//go:embed static
var staticFiles embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"took": took, "indents": indents, "sentence": sentence, "when": timeText, "printable": func(b []byte) string { return show.Printable(string(b)) },
}).ParseFS(templateFiles, "templates/*.html"))

// indents is a class for how deep a field lies.
func indents(depth int) string { return "d" + strconv.Itoa(min(depth, 6)) }

// maxForm is the size of what the page may send, in bytes.
const maxForm = 4 << 20

// server is the page.
type server struct {
	deliveries  *deliveries
	secrets     *secrets
	runs        *runs
	running     context.Context // of what is being sent; it ends with the program
	client      *http.Client
	allowRemote bool
	store       Store  // nil without -store
	receiveURL  string // where deliveries are received
	seed        [32]byte
	diagnoses   diagnoses
	streams     chan struct{}
	stopping    chan struct{} // closed at the end

	mu      sync.Mutex
	targets map[string]string // the last URL, by provider
}

func (s *server) handler() http.Handler {
	static, err := fs.Sub(staticFiles, "static")
	if err != nil {
		panic(err) // it is embedded
	}
	mux := http.NewServeMux()
	mux.Handle("GET /static/", http.StripPrefix("/static/", http.FileServerFS(static)))
	mux.HandleFunc("GET /events", s.stream)
	mux.HandleFunc("GET /{$}", s.incoming)
	mux.HandleFunc("GET /deliveries/{id}", s.incoming)
	mux.HandleFunc("GET /deliveries/{id}/body", s.rawBody)
	mux.HandleFunc("GET /deliveries/{id}/fixture", s.fixtureFile)
	mux.HandleFunc("POST /deliveries/{id}/forward", s.forwardForm)
	mux.HandleFunc("POST /clear", s.clearForm)
	mux.HandleFunc("POST /secrets", s.secretForm)
	mux.HandleFunc("GET /outgoing", s.outgoing)
	mux.HandleFunc("POST /outgoing", s.outgoingForm)
	mux.HandleFunc("POST /runs/{id}/stop", s.stopForm)
	if s.store != nil {
		mux.HandleFunc("GET /dead", s.deadLetters)
		mux.HandleFunc("GET /dead/letter", s.deadLetter)
		mux.HandleFunc("POST /dead/rerun", s.changeLetter(s.store.Rerun, "Rerun."))
		mux.HandleFunc("POST /dead/discard", s.changeLetter(s.store.Discard, "Discarded."))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		mux.ServeHTTP(w, r)
	})
}

// page is what every template gets.
type page struct {
	Tab     string
	Title   string
	Notice  string
	Partial bool // the script replaces a part of the page only

	ReceiveURL string
	Rows       []row
	Rev        int64
	Selected   int64
	Detail     *detail
	Providers  []providerView
	Draft      *draft
	Cases      []caseOf
	Case       caseOf
	Types      []string
	HasSecret  bool
	Runs       []run
	HasStore   bool
	Letters    *letters
}

type providerView struct {
	Name      string
	HasSecret bool
}

func (s *server) render(w http.ResponseWriter, r *http.Request, status int, p *page) {
	p.Partial = r.Header.Get("X-Partial") != ""
	p.ReceiveURL, p.HasStore = s.receiveURL, s.store != nil
	for _, name := range append(vendors.Names(), other) {
		p.Providers = append(p.Providers, providerView{name, s.secrets.get(name) != ""})
	}
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, "page.html", p); err != nil {
		http.Error(w, "The page cannot be shown: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w)
}

func (s *server) incoming(w http.ResponseWriter, r *http.Request) {
	s.showIncoming(w, r, http.StatusOK, "")
}

func (s *server) showIncoming(w http.ResponseWriter, r *http.Request, status int, notice string) {
	p := &page{Tab: "incoming", Title: "Incoming", Notice: notice}
	if r.PathValue("id") != "" {
		d, ok := s.delivery(r)
		if !ok {
			p.Notice, status = "This delivery is no longer kept.", http.StatusNotFound
		} else {
			p.Detail, p.Selected = s.detail(&d), d.ID
			p.Title = p.Detail.Provider + " " + p.Detail.Type
		}
	}
	if r.Header.Get("X-Partial") == "" {
		all, rev := s.deliveries.all()
		p.Rev = rev
		for i := range all {
			p.Rows = append(p.Rows, rowOf(&all[i]))
		}
	}
	s.render(w, r, status, p)
}

func (s *server) delivery(r *http.Request) (delivery, bool) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return delivery{}, false
	}
	return s.deliveries.get(id)
}

// rawBody downloads a body. A browser neither shows nor runs it.
func (s *server) rawBody(w http.ResponseWriter, r *http.Request) {
	d, ok := s.delivery(r)
	if !ok {
		http.NotFound(w, r)
		return
	}
	download(w, "delivery-"+strconv.FormatInt(d.ID, 10)+".bin", d.Body)
}

func download(w http.ResponseWriter, name string, content []byte) {
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	_, _ = w.Write(content)
}

func (s *server) fixtureFile(w http.ResponseWriter, r *http.Request) {
	d, ok := s.delivery(r)
	if !ok {
		http.NotFound(w, r)
		return
	}
	fixture, err := s.fixture(&d)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	download(w, fixtureName(cmp.Or(short(d.Type), r.PathValue("id"))), fixture)
}

func (s *server) forwardForm(w http.ResponseWriter, r *http.Request) {
	d, ok := s.delivery(r)
	if !ok {
		s.showIncoming(w, r, http.StatusNotFound, "")
		return
	}
	target := strings.TrimSpace(r.PostFormValue("url"))
	if err := s.forward(r.Context(), &d, target, r.PostFormValue("sign") != ""); err != nil {
		s.showIncoming(w, r, http.StatusUnprocessableEntity, "Not sent: "+err.Error()+".")
		return
	}
	s.mu.Lock()
	s.targets[d.Provider] = target
	s.mu.Unlock()
	http.Redirect(w, r, "/deliveries/"+r.PathValue("id"), http.StatusSeeOther)
}

func (s *server) clearForm(w http.ResponseWriter, r *http.Request) {
	s.deliveries.clear()
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// secretForm sets a secret, and judges what came from its provider again.
func (s *server) secretForm(w http.ResponseWriter, r *http.Request) {
	provider, secret := r.PostFormValue("provider"), r.PostFormValue("secret")
	if vendors.Lookup(provider) == nil && provider != other {
		http.Error(w, "no such provider", http.StatusUnprocessableEntity)
		return
	}
	s.secrets.set(provider, secret)
	s.judgeAgain(provider)
	back := "/"
	if id, err := strconv.ParseInt(r.PostFormValue("back"), 10, 64); err == nil && id > 0 {
		back = "/deliveries/" + strconv.FormatInt(id, 10)
	} else if r.PostFormValue("back") == "outgoing" {
		back = "/outgoing?provider=" + provider
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
}

func (s *server) judgeAgain(provider string) {
	all, _ := s.deliveries.all()
	for i := len(all) - 1; i >= 0; i-- { // the oldest first: others are its duplicates
		if d := &all[i]; cmp.Or(d.Provider, other) == provider {
			_, sum := judge(d, s.secrets.get(provider))
			s.deliveries.update(d.ID, func(d *delivery) { d.summary = sum })
		}
	}
}

func (s *server) outgoing(w http.ResponseWriter, r *http.Request) {
	provider := r.FormValue("provider")
	f := newDraft(provider, r.FormValue("event"), "")
	f.URL = s.sendTarget(f)
	f.Case = goodCase
	s.showOutgoing(w, r, http.StatusOK, f)
}

// sendTarget is where deliveries were sent to last, or else this program's own
// receiver, which responds as a handler does.
func (s *server) sendTarget(f *draft) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.targets["to "+f.Provider]; t != "" && !f.vendor().TypeInURL() {
		return t
	}
	target := s.receiveURL + "/hooks/" + f.Provider
	if f.vendor().TypeInURL() {
		target += "/" + f.Event
	}
	return target
}

func (s *server) showOutgoing(w http.ResponseWriter, r *http.Request, status int, f *draft) {
	v := f.vendor()
	p := &page{Tab: "outgoing", Title: "Outgoing", Draft: f, Types: v.Types(), Runs: s.runs.all(), HasSecret: s.secrets.get(f.Provider) != ""}
	p.Cases = cases(v)
	p.Case = p.Cases[0]
	for _, c := range p.Cases {
		if c.Name == f.Case {
			p.Case = c
		}
	}
	_, p.Rev = s.deliveries.all()
	s.render(w, r, status, p)
}

func (s *server) outgoingForm(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form is too large", http.StatusRequestEntityTooLarge)
		return
	}
	f := parseDraft(r.PostForm)
	f.Case = cmp.Or(f.Case, goodCase)
	if secret := r.PostForm.Get("secret"); secret != "" {
		s.secrets.set(f.Provider, secret)
		s.judgeAgain(f.Provider)
	}
	status := http.StatusOK
	if r.PostForm.Get("do") == "send" && f.Problem == "" {
		if err := s.send(f); err != nil {
			f.Problem = err.Error()
		}
	}
	if f.Problem != "" {
		f.Problem, status = sentence(f.Problem), http.StatusUnprocessableEntity
	}
	s.showOutgoing(w, r, status, f)
}

func (s *server) send(f *draft) error {
	j, err := f.prepare(s.secrets.get(f.Provider), s.allowRemote)
	if err != nil {
		return err
	}
	if err := s.runs.start(s.running, f, j, s.client); err != nil {
		return err
	}
	s.mu.Lock()
	s.targets["to "+f.Provider] = f.URL
	s.mu.Unlock()
	return nil
}

func (s *server) stopForm(w http.ResponseWriter, r *http.Request) {
	if id, err := strconv.ParseInt(r.PathValue("id"), 10, 64); err == nil {
		s.runs.stop(id)
	}
	http.Redirect(w, r, "/outgoing", http.StatusSeeOther)
}
