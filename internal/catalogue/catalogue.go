// Package catalogue is the list of what the providers send, one JSON file each:
// README's table, the tables of events in the packages' documentation and what
// the tools list are checked against it or made from it.
package catalogue

import (
	"embed"
	"encoding/json"
)

//go:embed *.json
var files embed.FS

// Provider is one provider's list.
type Provider struct {
	Provider      string  `json:"provider"` // event.Provider.Name, and the package's
	Title         string  `json:"title"`
	Documentation string  `json:"documentation"` // the vendor's page to begin with
	Signature     string  `json:"signature"`     // as README's table says it
	Key           string  `json:"key"`           // two deliveries are the same if …
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

// Names lists the providers, in the order of README's table.
var Names = []string{"comeet", "kombo", "keldair", "hires100", "kit"}

// Of returns a provider's list. It panics if there is none of that name.
func Of(name string) Provider {
	b, err := files.ReadFile(name + ".json")
	if err != nil {
		panic("catalogue: no provider " + name)
	}
	var p Provider
	if err := json.Unmarshal(b, &p); err != nil {
		panic("catalogue: " + name + ": " + err.Error())
	}
	return p
}
