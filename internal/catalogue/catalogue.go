// Package catalogue is the list of what the providers send, one JSON file each:
// README's table, the tables of events in the packages' documentation and what
// the tools list are checked against it or made from it.
package catalogue

import (
	"bytes"
	"embed"
	"encoding/json"
	"io/fs"
	"strings"
)

//go:embed *.json
var files embed.FS

// Provider is one provider's list.
type Provider struct {
	Provider      string  `json:"provider"` // event.Provider.Name, and the package's
	Title         string  `json:"title"`
	Documentation string  `json:"documentation"` // the vendor's page to begin with
	Signature     string  `json:"signature"`     // as README's table says it
	Key           string  `json:"key"`           // what a repeat is known by
	Retries       string  `json:"retries"`
	EventsNote    string  `json:"events_note,omitzero"` // in the place of the number of events
	Events        []Event `json:"events"`
}

// Event is one event type.
type Event struct {
	Type       string `json:"type"`
	Payload    string `json:"payload"`     // the Go type, in the provider's package
	When       string `json:"when"`        // when it is sent
	KnownSince string `json:"known_since"` // the day on which its source was read
	Published  bool   `json:"published"`   // whether the vendor publishes its members; else they are read between the lines
}

// Names lists the providers: there is one file for each.
var Names = names()

func names() []string {
	list, err := fs.Glob(files, "*.json")
	if err != nil {
		panic(err) // the pattern is good
	}
	for i, name := range list {
		list[i] = strings.TrimSuffix(name, ".json")
	}
	return list
}

// Of returns a provider's list. It panics if there is none of that name, or it
// has a member that is not known here.
func Of(name string) Provider {
	b, err := files.ReadFile(name + ".json")
	if err != nil {
		panic("internal/catalogue/" + name + ".json is missing")
	}
	var p Provider
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		panic("internal/catalogue/" + name + ".json: " + err.Error())
	}
	return p
}
