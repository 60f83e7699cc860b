package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/internal/catalogue"
	"github.com/atshooks/atshooks/internal/vendors"
	"github.com/atshooks/atshooks/signature"
)

// prepare returns the function that makes the i-th delivery.
func (c command) prepare(v eventtest.Vendor) (func(i int) (delivery, error), error) {
	body, err := c.body(v)
	if err != nil {
		return nil, err
	}
	if v.Provider.Scheme, err = c.spelling.apply(v.Provider.Scheme); err != nil {
		return nil, err
	}
	return func(int) (delivery, error) {
		r, err := v.Sign(eventtest.Draft{Type: c.event, Body: body, Secret: c.secret})
		if err != nil {
			return delivery{}, err
		}
		return delivery{header: r.Header, body: r.Body}, nil
	}, nil
}

// sendNearMiss sends a delivery that is almost right, twice if that is what is
// wrong with it, and says how a right receiver responds.
func (c command) sendNearMiss(ctx context.Context, v eventtest.Vendor, stdout, stderr io.Writer) error {
	misses := v.NearMisses()
	i := slices.IndexFunc(misses, func(m eventtest.NearMiss) bool { return m.Name == c.nearMiss })
	if i < 0 {
		return fmt.Errorf("no near miss %q; see -list", c.nearMiss)
	}
	m := misses[i]
	if m.NeedsPrevious && c.previous == "" {
		return fmt.Errorf("%q needs -previous: an older secret that the receiver still accepts", m.Name)
	}
	body, err := c.body(v)
	if err != nil {
		return err
	}
	made, err := m.Make(eventtest.Draft{Type: c.event, Body: body, Secret: c.secret, Previous: c.previous})
	if err != nil {
		return err
	}
	c.count *= max(m.Times, 1)
	right := strings.ReplaceAll(strings.Trim(fmt.Sprint(m.Statuses), "[]"), " ", " or ")
	fmt.Fprintf(stdout, "%s\nA right receiver responds %s, and callbacks run %d to %d times.\n", m.About, right, m.MinRuns, m.MaxRuns)
	t, err := sendAll(ctx, c, func(int) (delivery, error) {
		return delivery{header: made.Header.Clone(), body: made.Body}, nil
	}, stdout, stderr)
	if err == nil && !slices.Contains(m.Statuses, t.last.Code) {
		err = fmt.Errorf("the receiver responded %s, and a right one responds %s", t.last.Status, right)
	}
	return err
}

// body is the fixture or the file, with the changes of -set.
func (c command) body(v eventtest.Vendor) ([]byte, error) {
	if c.file == "" && !slices.Contains(v.Types(), c.event) {
		return nil, fmt.Errorf("%s has no event %q; see -list", c.provider, c.event)
	}
	if c.file != "" {
		body, err := os.ReadFile(c.file)
		if err != nil {
			return nil, err
		}
		return c.set.apply(body)
	}
	var compact bytes.Buffer // as vendors send it; the fixtures are laid out for readers
	if err := json.Compact(&compact, v.Body(c.event)); err != nil {
		return nil, err
	}
	return c.set.apply(compact.Bytes())
}

// settings are the values of -set.
type settings []string

func (s *settings) String() string { return strings.Join(*s, " ") }

func (s *settings) Set(text string) error {
	if path, _, ok := strings.Cut(text, "="); !ok || path == "" {
		return errors.New("want path=value")
	}
	*s = append(*s, text)
	return nil
}

// apply changes the members of body that the settings name. Without any, body
// is left as it is, to the byte.
func (s settings) apply(body []byte) ([]byte, error) {
	if len(s) == 0 {
		return body, nil
	}
	var root any
	if err := json.Unmarshal(body, &root); err != nil {
		return nil, fmt.Errorf("-set: the body is not JSON: %w", err)
	}
	for _, text := range s {
		path, value, _ := strings.Cut(text, "=")
		if err := put(root, strings.Split(path, "."), parseValue(value)); err != nil {
			return nil, fmt.Errorf("-set %s: %w", path, err)
		}
	}
	return json.Marshal(root)
}

// parseValue takes text as JSON if it is, and as a string if not.
func parseValue(text string) any {
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	return v
}

// put sets the value at path, which leads through members and indices.
func put(node any, path []string, value any) error {
	last := len(path) == 1
	switch node := node.(type) {
	case map[string]any:
		if last {
			node[path[0]] = value
			return nil
		}
		return put(node[path[0]], path[1:], value)
	case []any:
		i, err := strconv.Atoi(path[0])
		if err != nil || i < 0 || i >= len(node) {
			return fmt.Errorf("%q is not an index of a list of %d", path[0], len(node))
		}
		if last {
			node[i] = value
			return nil
		}
		return put(node[i], path[1:], value)
	}
	return fmt.Errorf("nothing holds %q", path[0])
}

// spelling says how the signature is written, where the vendor does not publish
// it.
type spelling struct{ header, prefix, encoding string }

var encodings = map[string]signature.Encoding{
	"hex": signature.Hex, "base64": signature.Base64, "base64url": signature.Base64URL,
	"rawbase64": signature.RawBase64, "paddedbase64url": signature.PaddedBase64URL,
}

func (s spelling) apply(scheme signature.HMAC) (signature.HMAC, error) {
	if s.header != "" {
		scheme.Header = s.header
	}
	if s.prefix != "" {
		scheme.Prefix = s.prefix
	}
	if s.encoding != "" {
		e, ok := encodings[s.encoding]
		if !ok {
			return scheme, fmt.Errorf("no encoding %q: there are %s", s.encoding, strings.Join(slices.Sorted(maps.Keys(encodings)), ", "))
		}
		scheme.Encoding = e
	}
	return scheme, nil
}

// list prints what there is to send.
func list(w io.Writer) error {
	for _, name := range catalogue.Names {
		for _, e := range catalogue.Of(name).Events {
			fmt.Fprintf(w, "%-9s %-36s %s\n", name, e.Type, e.When)
		}
	}
	fmt.Fprintf(w, "\nNear misses, of any event where the vendor's scheme allows them:\n")
	for _, m := range vendors.Lookup("kit").NearMisses() {
		fmt.Fprintf(w, "%-36s %s\n", m.Name, m.About)
	}
	return nil
}
